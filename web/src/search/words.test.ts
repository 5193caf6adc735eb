import { expect, it } from "vitest";
import { hasWord, quote, toggleWord, valueOf, withValue, wordsOf } from "./words";

it("splits at blanks outside quotes", () => {
  expect(wordsOf('Angebot from:"Weber AG"  -"alte Mail"')).toEqual(["Angebot", 'from:"Weber AG"', '-"alte Mail"']);
  expect(wordsOf('offen "bis zum Ende')).toEqual(["offen", '"bis zum Ende']);
  expect(wordsOf("")).toEqual([]);
});

it("reads values in both languages", () => {
  expect(valueOf("Angebot kind:bounce", "kind")).toBe("bounce");
  expect(valueOf('konto:"Vertrieb Süd"', "account")).toBe("Vertrieb Süd");
  expect(valueOf("Angebot", "kind")).toBeUndefined();
});

it("replaces and removes a value", () => {
  expect(withValue("Angebot kind:bounce", "kind", "list")).toBe("Angebot kind:list");
  expect(withValue("art:bounce Angebot", "kind", undefined)).toBe("Angebot");
  expect(withValue("Angebot", "account", "Archiv 2019–2024")).toBe('Angebot account:"Archiv 2019–2024"');
  expect(withValue("Angebot on:2025", "on", "2026")).toBe("Angebot on:2026");
});

it("adds and takes away a word", () => {
  expect(toggleWord("Angebot", "has:attachment")).toBe("Angebot has:attachment");
  expect(toggleWord("Angebot has:attachment", "has:attachment")).toBe("Angebot");
  expect(hasWord("Angebot has:attachment", "has:attachment")).toBe(true);
});

it("quotes what would fall apart", () => {
  expect(quote("Weber")).toBe("Weber");
  expect(quote("Weber AG")).toBe('"Weber AG"');
  expect(quote('der "Chef"')).toBe('"der  Chef"');
});
