import { expect, it } from "vitest";
import type { BounceCount } from "../api/types";
import { bounced, bucketsOf, groupOf, shareOf, stepFor, sumsOf, totalOf } from "./counts";

const count = (of: string, kind: string, permanence: BounceCount["permanence"], n: number): BounceCount => ({
  of,
  kind,
  permanence,
  count: n,
});

it("groups what comes back", () => {
  expect(groupOf({ kind: "failed", permanence: "permanent" })).toBe("permanent");
  expect(groupOf({ kind: "failed", permanence: null })).toBe("unknown");
  expect(groupOf({ kind: "delayed", permanence: null })).toBe("temporary");
  expect(groupOf({ kind: "unsubscribed", permanence: null })).toBe("complaints");
  expect(groupOf({ kind: "delivered", permanence: null })).toBeUndefined();
});

it("adds up by name, the largest first, without what is no bounce", () => {
  const sums = sumsOf([
    count("b.example", "failed", "permanent", 1),
    count("a.example", "delayed", null, 2),
    count("a.example", "failed", "permanent", 3),
    count("c.example", "delivered", null, 90),
  ]);
  expect(sums.map(([name, { total }]) => [name, total])).toEqual([
    ["a.example", 5],
    ["b.example", 1],
  ]);
  expect(totalOf(sums.map(([, one]) => one))).toEqual({
    permanent: 4,
    temporary: 2,
    unknown: 0,
    complaints: 0,
    total: 6,
  });
});

it("shows days without reports too, over the end of a month", () => {
  const buckets = bucketsOf([count("2026-03-01", "failed", "permanent", 4)], "2026-02-27T00:00:00Z", 4, 1);
  expect(buckets.map(({ first, end, sums }) => [first, end, sums.total])).toEqual([
    ["2026-02-27", "2026-02-28", 0],
    ["2026-02-28", "2026-03-01", 0],
    ["2026-03-01", "2026-03-02", 4],
    ["2026-03-02", "2026-03-03", 0],
  ]);
});

it("puts days together in a long period and loses none", () => {
  const buckets = bucketsOf([count("2026-01-10", "failed", null, 2)], "2026-01-01T00:00:00Z", 10, stepFor(365));
  expect(buckets.map(({ first, end, sums }) => [first, end, sums.total])).toEqual([
    ["2026-01-01", "2026-01-08", 0],
    ["2026-01-08", "2026-01-11", 2],
  ]);
  expect(stepFor(90)).toBe(1);
  expect(bucketsOf([], "broken", 3, 1)).toEqual([]);
});

it("compares with what was sent, where somebody knows", () => {
  const counts = [count("2026-03-02", "failed", "permanent", 3), count("2026-03-02", "complained", null, 1)];
  const sent = [
    { of: "2026-03-01", count: 40 },
    { of: "2026-03-02", count: 60 },
  ];
  const [both] = bucketsOf(counts, "2026-03-01T00:00:00Z", 2, 7, sent);
  expect([both?.sent, both === undefined ? 0 : bounced(both.sums)]).toEqual([100, 3]);
  expect(bucketsOf(counts, "2026-03-01T00:00:00Z", 3, 1, sent).map((one) => one.sent)).toEqual([40, 60, 0]);
  expect(bucketsOf(counts, "2026-03-01T00:00:00Z", 2, 1)[0]?.sent).toBeUndefined();
  expect([shareOf(3, 100), shareOf(3, 0), shareOf(3, undefined)]).toEqual([0.03, undefined, undefined]);
});
