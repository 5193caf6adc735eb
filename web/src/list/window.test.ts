import { describe, expect, it } from "vitest";
import { type Geometry, type Place, placeOf, positionShowing, scrolled, SPACER_MAX, START, visibleRows } from "./window";

const short: Geometry = { count: 1_000, rowHeight: 74, view: 800 };
const long: Geometry = { count: 1_000_000, rowHeight: 74, view: 800 };

/** Scrolls in steps as a wheel does and gives the place at the end. */
function wheel(geometry: Geometry, from: Place, step: number, times: number): Place {
  let place = from;
  for (let at = 0; at < times; at += 1) {
    place = scrolled(geometry, place, Math.max(0, place.top + step));
  }
  return place;
}

describe("a short list", () => {
  it("is not compressed", () => {
    expect(scrolled(short, START, 5_000)).toEqual({ top: 5_000, shift: 0 });
    expect(visibleRows(short, { top: 740, shift: 0 }, 0)).toEqual({ first: 10, end: 21 });
  });

  it("draws nothing beyond its ends", () => {
    expect(visibleRows(short, { top: 0, shift: 0 }, 6).first).toBe(0);
    expect(visibleRows(short, placeOf(short, Infinity), 6).end).toBe(1_000);
    expect(visibleRows({ ...short, count: 0 }, START, 6)).toEqual({ first: 0, end: 0 });
  });
});

describe("a list of a million rows", () => {
  it("reaches its last row", () => {
    const place = placeOf(long, Infinity);
    expect(place.top).toBeLessThanOrEqual(SPACER_MAX);
    expect(visibleRows(long, place, 0).end).toBe(1_000_000);
  });

  it("moves one to one with the wheel", () => {
    const start = placeOf(long, 30_000_000);
    const end = wheel(long, start, 100, 50);
    expect(end.top + end.shift).toBe(30_005_000);
  });

  it("keeps its position when the scroll position is set anew", () => {
    const start = placeOf(long, 30_000_000);
    const end = wheel(long, start, 740, 4_000);
    expect(end.top + end.shift).toBe(30_000_000 + 740 * 4_000);
    expect(Math.abs(end.top - ((end.top + end.shift) * SPACER_MAX) / 74_000_000)).toBeLessThan(250_000);
  });

  it("comes to both ends with the wheel", () => {
    const down = wheel(long, placeOf(long, 73_990_000), 300, 100);
    expect(visibleRows(long, down, 0).end).toBe(1_000_000);
    const up = wheel(long, placeOf(long, 10_000), -300, 100);
    expect(visibleRows(long, up, 0).first).toBe(0);
  });

  it("follows the scroll bar in proportion", () => {
    const middle = scrolled(long, START, (SPACER_MAX - 800) / 2);
    expect(middle.top + middle.shift).toBeCloseTo((74_000_000 - 800) / 2, -1);
    const end = scrolled(long, START, SPACER_MAX - 800);
    expect(visibleRows(long, end, 0).end).toBe(1_000_000);
  });
});

describe("showing a row", () => {
  it("moves no more than needed", () => {
    const place = { top: 740, shift: 0 };
    expect(positionShowing(short, place, 12)).toBe(740);
    expect(positionShowing(short, place, 9)).toBe(666);
    expect(positionShowing(short, place, 21)).toBe(22 * 74 - 800);
  });
});
