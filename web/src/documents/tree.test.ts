import { expect, test } from "vitest";
import { paths } from "./tree";

test("folders stand behind the one they lie in", () => {
  const folder = (key: number, parent: number | null, name: string) => ({ key, parent, name, kind: null });
  const found = paths([folder(1, null, "A"), folder(3, 2, "c"), folder(2, 1, "b"), folder(4, null, "D")]);
  expect(found.map(({ path, level }) => `${level} ${path}`)).toEqual(["1 A", "2 A / b", "3 A / b / c", "1 D"]);
});

test("what lies in itself ends nothing", () => {
  expect(paths([{ key: 1, parent: 1, name: "A", kind: null }])).toEqual([]);
});
