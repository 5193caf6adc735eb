import type { ImportOutcome } from "../api/types";

/** What may become of an entry, in the order of the filter. */
export const OUTCOMES: readonly ImportOutcome[] = ["archived", "duplicate", "excluded", "failed"];

export function isOutcome(word: unknown): word is ImportOutcome {
  return OUTCOMES.some((outcome) => outcome === word);
}
