import { expect, it } from "vitest";
import { linksOf } from "./links";

const hrefs = (text: string) => linksOf(text).flatMap(({ href }) => href ?? []);

it("finds addresses and leaves the sentence its signs", () => {
  expect(hrefs("Siehe https://example.org/a?b=1. Danke!")).toEqual(["https://example.org/a?b=1"]);
  expect(hrefs("(https://example.org/x)")).toEqual(["https://example.org/x"]);
  expect(hrefs("https://de.example.org/wiki/Post_(Haus)")).toEqual(["https://de.example.org/wiki/Post_(Haus)"]);
  expect(hrefs("an anna.meier@firma.de, bitte")).toEqual(["mailto:anna.meier@firma.de"]);
});

it("makes no link of anything else", () => {
  expect(hrefs("javascript:alert(1) data:text/html,x file:///etc/passwd ftp://example.org")).toEqual([]);
});

it("loses no character", () => {
  const text = "Vor https://example.org/, nach a@b.de; Ende.";
  expect(linksOf(text).map((piece) => piece.text).join("")).toBe(text);
});
