import { describe, expect, it } from "vitest";
import { makeFormats } from "./format";

const now = new Date("2026-11-21T15:30:00Z");
const de = makeFormats("de-DE", "Europe/Berlin");
const en = makeFormats("en-GB", "Europe/Berlin");

describe("dates of lists", () => {
  it("are times today, days this year, then whole dates", () => {
    expect(de.listDate("2026-11-21T14:06:00Z", now)).toBe("15:06");
    expect(de.listDate("2026-11-18T14:06:00Z", now)).toBe("18. Nov.");
    expect(en.listDate("2026-11-18T14:06:00Z", now)).toBe("18 Nov");
    expect(de.listDate("2025-12-31T12:00:00Z", now)).toBe("31.12.2025");
  });

  it("go by the user's day, not by UTC's", () => {
    expect(de.listDate("2026-11-20T23:30:00Z", now)).toBe("00:30");
    expect(de.listDate("2025-12-31T23:30:00Z", now)).toBe("1. Jan.");
  });

  it("show what is no date as it is", () => {
    expect(de.listDate("nie", now)).toBe("nie");
    expect(de.longDate("nie")).toBe("nie");
  });
});

it("gives sizes in decimal units", () => {
  expect(de.octets(182_400)).toBe("182,4 kB");
  expect(de.octets(999).replace(/\s/u, " ")).toBe("999 Byte");
  expect(en.octets(5_200_000_000)).toBe("5.2 GB");
  expect(en.octets(0)).toBe("0 byte");
});

it("gives distances in time", () => {
  expect(de.ago("2026-11-21T15:27:00Z", now)).toBe("vor 3 Minuten");
  expect(de.ago("2026-11-19T15:30:00Z", now)).toBe("vorgestern");
  expect(en.ago("2026-11-21T17:30:00Z", now)).toBe("in 2 hours");
});
