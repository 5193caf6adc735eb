import type { LinkSettings, WhatIfRequest } from "../api/types";

/** Mails a dry run looks at unless told otherwise. */
export const LAST_DEFAULT = 2_000;
/** Mails a dry run looks at, at most. */
export const LAST_MAX = 100_000;
/** Months that can be set, at most. */
export const MONTHS_MAX = 1_200;

/** Settings as they are written in the form: numbers may be missing, lists are text. */
export interface RulesDraft {
  firstAddressWins: boolean;
  contactsOneByOne: boolean;
  months: number | string;
  ownNumbers: string;
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
