import { expect, it } from "vitest";
import de from "../lang/de.json";
import { addressPath, endOf, eventTone, isStateWord, looksLikeAddress, STATE_WORDS } from "./states";

it("has a word and a meaning for every state", () => {
  expect(Object.keys(de.feedback.states)).toEqual(STATE_WORDS);
  expect(Object.keys(de.feedback.means)).toEqual(STATE_WORDS);
  expect(isStateWord("dead")).toBe(true);
  for (const word of ["all", "", "toString", undefined]) {
    expect(isStateWord(word)).toBe(false);
  }
});

it("colours an event by what it says", () => {
  const tone = (kind: string, permanence: "permanent" | "temporary" | null = null) =>
    eventTone({ kind, permanence, state: null });
  expect(tone("failed", "permanent")).toBe("danger");
  expect(tone("failed", "temporary")).toBe("warn");
  expect(tone("failed")).toBe("neutral");
  expect(tone("human_mail")).toBe("ok");
  expect(eventTone({ kind: "set", permanence: null, state: "blocked" })).toBe("danger");
  expect(tone("something new")).toBe("info");
});

it("makes a path of any address", () => {
  expect(addressPath("a/b+c?d@e.example")).toBe("/address/a%2Fb%2Bc%3Fd%40e.example");
});

it("tells addresses from other text", () => {
  expect(looksLikeAddress(" erna@example.org ")).toBe(true);
  for (const text of ["", "erna", "erna@", "@example.org", "erna maier@example.org", "a@b@c"]) {
    expect(looksLikeAddress(text), text).toBe(false);
  }
});

it("knows when a term ends", () => {
  const now = new Date("2026-01-31T12:00:00Z");
  expect(endOf("forever", now)).toBeNull();
  expect(endOf("days30", now)).toBe("2026-03-02T12:00:00.000Z");
});
