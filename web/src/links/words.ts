import type { TFunction } from "i18next";
import { wordOr } from "../reader/words";

/** A kind and a number in words: "Bestellung B-1". */
export function recordTitle(t: TFunction, { kind, number }: { kind: string; number: string }): string {
  return `${wordOr(t, `links.kinds.${kind}`, kind)} ${number}`;
}

/** Page of a record. */
export function recordPath({ kind, number }: { kind: string; number: string }): string {
  return `/record/${kind}/${encodeURIComponent(number)}`;
}

/** Key of a word of the server that holds blanks or signs. */
export function keyOf(word: string): string {
  return word.replaceAll(/[ +]/gu, "_");
}
