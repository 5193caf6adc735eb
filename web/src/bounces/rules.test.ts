import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { BounceRule } from "../api/types";
import de from "../lang/de.json";
import { between, formOf, NEW_RULE, ruleOf, RULE_REASONS, same, settingsFit } from "./rules";

const RULE: BounceRule = {
  name: "three-failures",
  active: false,
  category: {
    kinds: ["failed", "complained"],
    reasons: ["user_unknown"],
    permanence: "permanent",
    count: 3,
    window_days: 180,
    class: "bulk",
    lists: ["0190b2f0-0000-7000-8000-000000000001"],
  },
  actions: [
    { do: "stop_mailing", class: null },
    { do: "leave_lists", all: true },
    { do: "use_alternative" },
    { do: "notify" },
    { do: "tag", tag: "weg" },
    { do: "move", mailbox: "Erledigt" },
    { do: "webhook", url: "https://example.org/hook" },
    { do: "tag", tag: "zweites" },
  ],
};

it("loses nothing of a rule in the form", () => {
  expect(ruleOf(formOf(RULE))).toEqual(RULE);
  expect(ruleOf(formOf(NEW_RULE))).toEqual(NEW_RULE);
});

it("leaves out what is not filled in", () => {
  const form = { ...formOf(RULE), stop: false, leave: false, tag: " ", move: "", webhook: "", others: [], count: "5" };
  const rule = ruleOf(form);
  expect(rule.actions).toEqual([{ do: "use_alternative" }, { do: "notify" }]);
  expect(rule.category.count).toBe(5);
});

it("knows every reason of the documented list", () => {
  const list = readFileSync("../docs/reasons.md", "utf8");
  const words = [...list.matchAll(/^\| `([a-z_]+)` \|/gmu)].map(([, word]) => word);
  expect([...RULE_REASONS].sort()).toEqual([...words, "unknown"].sort());
  expect([...RULE_REASONS].sort()).toEqual(Object.keys(de.reasons).sort());
});

it("knows numbers out of bounds", () => {
  expect(between(3, 1, 100)).toBe(true);
  for (const value of ["", " ", "1.5", 0, 101, "drei"]) {
    expect(between(value, 1, 100), String(value)).toBe(false);
  }
  const settings = {
    soft_count: 3,
    soft_days: 10,
    unsigned_count: 3,
    doubtful_days: 30,
    half_life_days: 30,
    count_imported: false,
  };
  expect(settingsFit(settings)).toBe(true);
  expect(settingsFit({ ...settings, unsigned_count: 1 })).toBe(false);
});

it("sees a change, and none where there is none", () => {
  expect(same([RULE], [structuredClone(RULE)])).toBe(true);
  expect(same([RULE], [{ ...RULE, active: true }])).toBe(false);
});
