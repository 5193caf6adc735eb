import { describe, expect, it } from "vitest";
import { begin, dayOf, end, lastDayOf } from "./days";

describe("days", () => {
  it("come back as they were chosen", () => {
    for (const day of ["2026-01-01", "2026-03-29", "2026-10-25", "2024-02-29", "2025-12-31"]) {
      expect(dayOf(begin(day))).toBe(day);
      expect(lastDayOf(end(day))).toBe(day);
    }
    expect(Date.parse(end("2025-12-31") ?? "")).toBe(Date.parse(begin("2026-01-01") ?? ""));
    expect([begin(""), end(""), dayOf(null), lastDayOf(undefined)]).toEqual([null, null, "", ""]);
  });
});
