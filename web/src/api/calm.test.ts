import { expect, it } from "vitest";
import { calm, calmText } from "./calm";

it("takes away what no script writes", () => {
  expect(calmText(`a${"\u0301".repeat(262_143)}b`)).toBe(`a${"\u0301".repeat(8)}b`);
});

it("leaves languages and emoji as they are", () => {
  for (const text of ["Ü", "U\u0308ber", "שָׁל֣וֹם", "ཧྐྵྨླྺྼྻྂ", "हिन्दी", "👩‍👩‍👧‍👦", "Tiếng Việt"]) {
    expect(calmText(text)).toBe(text);
  }
});

it("reaches every text of an answer", () => {
  const pile = `x${"\u0301".repeat(20)}`;
  const answer = { items: [{ subject: pile, from: { name: pile }, count: 3, none: null }] };
  const seen = `x${"\u0301".repeat(8)}`;
  expect(calm(answer)).toEqual({ items: [{ subject: seen, from: { name: seen }, count: 3, none: null }] });
});
