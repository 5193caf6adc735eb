import { expect, it } from "vitest";
import { rowsOf } from "./csv";
import { linesOf, piecesOf, readSuppressions } from "./suppressionFile";

it("reads cells of any delimiter, quoted or not", () => {
  expect(rowsOf('\uFEFFa;b\r\n"x ""y""; z";"two\nlines"\n')).toEqual([
    ["a", "b"],
    ['x "y"; z', "two\nlines"],
  ]);
  expect(rowsOf("a,b\n1")).toEqual([["a", "b"], ["1"]]);
  expect(rowsOf("")).toEqual([]);
  expect(rowsOf('"never closed')).toEqual([["never closed"]]);
});

it("takes in what the export gives out", () => {
  const file = [
    '"address","class","list","by","reason","since","expires"',
    '"erna@example.org","bulk","","person","umgezogen, mehrmals","2026-01-01T00:00:00Z","2026-12-31T00:00:00Z"',
    "\"'+49@example.org\",\"all\",\"0190b2f0-0000-7000-8000-000000000001\",\"rule\",\"\",\"\",\"\"",
    '"no address","","","","","",""',
  ].join("\r\n");
  expect(readSuppressions(file)).toEqual({
    items: [
      {
        address: "erna@example.org",
        class: "bulk",
        list: null,
        reason: "umgezogen, mehrmals",
        expires: "2026-12-31T00:00:00.000Z",
      },
      {
        address: "+49@example.org",
        class: null,
        list: "0190b2f0-0000-7000-8000-000000000001",
        reason: "",
        expires: null,
      },
    ],
    unusable: [4],
  });
});

it("takes a plain list of addresses, and nothing from other files", () => {
  expect(readSuppressions("a@b.example\n\nc@d.example\n").items.map(({ address }) => address)).toEqual([
    "a@b.example",
    "c@d.example",
  ]);
  expect(readSuppressions("Name;Ort\nErna;Bonn")).toEqual({ items: [], unusable: [] });
  expect(readSuppressions("E-Mail;Name\nerna@example.org;Erna").items).toHaveLength(1);
});

it("cuts large files into pieces", () => {
  expect(piecesOf([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(piecesOf([], 2)).toEqual([]);
});

it("finds what is no address among those typed", () => {
  expect(linesOf("a@b.example\n c@d.example, e@f.example;")).toEqual({
    addresses: ["a@b.example", "c@d.example", "e@f.example"],
    broken: undefined,
  });
  expect(linesOf("a@b.example\nerna").broken).toBe("erna");
});
