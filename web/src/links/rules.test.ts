import { describe, expect, it } from "vitest";
import { draftOf, fits, LAST_DEFAULT, linesOf, NOTHING_TRIED, requestOf, same, settingsOf } from "./rules";

const SETTINGS = {
  first_address_wins: true,
  contacts_one_by_one: false,
  months: 18,
  own_numbers: ["DE123", "HRB 7"],
  deputies_count: true,
  masks: [
    { kind: "order", mask: "B-dddd-ddddd" },
    { kind: "order", mask: "dddd" },
    { kind: "contact", mask: "K-ddddd" },
  ],
  masks_restrict: true,
};

describe("rules of linking in the form", () => {
  it("come back as they went in", () => {
    expect(settingsOf(draftOf(SETTINGS))).toEqual(SETTINGS);
    const all = { ...SETTINGS, months: null, own_numbers: [] };
    expect(settingsOf(draftOf(all))).toEqual(all);
  });

  it("have one number a line, without blank ones", () => {
    expect(linesOf("  A-1 \n\n\t\nB 2\r\n")).toEqual(["A-1", "B 2"]);
  });

  it("are not asked for while a number is out of range", () => {
    expect(settingsOf({ ...draftOf(SETTINGS), months: 0 })).toBeUndefined();
    expect(settingsOf({ ...draftOf(SETTINGS), months: 1201 })).toBeUndefined();
    expect(settingsOf({ ...draftOf(SETTINGS), months: 1200 })?.months).toBe(1200);
    for (const last of ["", 0, -1, 1.5, 100_001]) {
      expect(requestOf(SETTINGS, { ...NOTHING_TRIED, last }), String(last)).toBeUndefined();
    }
    expect(requestOf(undefined, NOTHING_TRIED)).toBeUndefined();
    expect(fits(100_000, 100_000)).toBe(true);
  });

  it("are tried with what the form says", () => {
    const asked = requestOf(SETTINGS, { ...NOTHING_TRIED, recordsOfToday: true, block: "a@x.example\nshop.example\n" });
    expect(asked).toEqual({
      settings: SETTINGS,
      block: ["a@x.example", "shop.example"],
      last: LAST_DEFAULT,
      records_of_today: true,
    });
    expect(same(asked, requestOf(SETTINGS, NOTHING_TRIED))).toBe(false);
    expect(same(asked, asked)).toBe(true);
  });
});
