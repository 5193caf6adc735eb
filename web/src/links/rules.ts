import type { LinkSettings, WhatIfRequest } from "../api/types";

/** Mails a dry run looks at unless told otherwise. */
export const LAST_DEFAULT = 2_000;
/** Mails a dry run looks at, at most. */
export const LAST_MAX = 100_000;
/** Months that can be set, at most. */
export const MONTHS_MAX = 1_200;

/** Kinds whose numbers have a look, in the order of the page. */
export const KINDS_WITH_MASKS = ["order", "quote", "contact", "item"] as const;

/** Settings as they are written in the form: numbers may be missing, lists are text. */
export interface RulesDraft {
  firstAddressWins: boolean;
  contactsOneByOne: boolean;
  months: number | string;
  ownNumbers: string;
  deputiesCount: boolean;
  /** Masks of each kind, one a line. */
  masks: Record<string, string>;
  masksRestrict: boolean;
}

/** What is tried, as it is written in the form. */
export interface TryDraft {
  last: number | string;
  recordsOfToday: boolean;
  block: string;
}

export const NOTHING_TRIED: TryDraft = { last: LAST_DEFAULT, recordsOfToday: false, block: "" };

/** The lines of a text that say something. */
export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** A whole number between 1 and `most`. */
export function fits(value: number | string, most: number): boolean {
  const number = Number(value);
  return value !== "" && Number.isInteger(number) && number >= 1 && number <= most;
}

export function draftOf(settings: LinkSettings): RulesDraft {
  return {
    firstAddressWins: settings.first_address_wins,
    contactsOneByOne: settings.contacts_one_by_one,
    months: settings.months ?? "",
    ownNumbers: settings.own_numbers.join("\n"),
    deputiesCount: settings.deputies_count,
    masks: Object.fromEntries(
      KINDS_WITH_MASKS.map((kind) => [
        kind,
        settings.masks
          .filter((mask) => mask.kind === kind)
          .map(({ mask }) => mask)
          .join("\n"),
      ]),
    ),
    masksRestrict: settings.masks_restrict,
  };
}

/** What the form says; undefined where a number is out of range. */
export function settingsOf(draft: RulesDraft): LinkSettings | undefined {
  if (draft.months !== "" && !fits(draft.months, MONTHS_MAX)) {
    return undefined;
  }
  return {
    first_address_wins: draft.firstAddressWins,
    contacts_one_by_one: draft.contactsOneByOne,
    months: draft.months === "" ? null : Number(draft.months),
    own_numbers: linesOf(draft.ownNumbers),
    deputies_count: draft.deputiesCount,
    masks: KINDS_WITH_MASKS.flatMap((kind) => linesOf(draft.masks[kind] ?? "").map((mask) => ({ kind, mask }))),
    masks_restrict: draft.masksRestrict,
  };
}

/** What the forms ask for; undefined where a number is out of range. */
export function requestOf(settings: LinkSettings | undefined, draft: TryDraft): WhatIfRequest | undefined {
  if (settings === undefined || !fits(draft.last, LAST_MAX)) {
    return undefined;
  }
  return {
    settings,
    block: linesOf(draft.block),
    last: Number(draft.last),
    records_of_today: draft.recordsOfToday,
  };
}

/** Whether two requests, or two settings, ask for the same. */
export function same<T extends WhatIfRequest | LinkSettings>(one: T | undefined, other: T | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
