import type { TFunction } from "i18next";
import { wordOr } from "../reader/words";

/** Rules that come with the server are named by a word; others as somebody named them. */
export function ruleName(t: TFunction, name: string): string {
  return /^[a-z-]+$/u.test(name) ? wordOr(t, `ruleNames.${name}`, name) : name;
}
