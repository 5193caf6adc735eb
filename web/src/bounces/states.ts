import {
  IconAlertTriangle,
  IconBan,
  IconCircleCheck,
  IconFlag,
  IconHelpCircle,
  IconMailOff,
  IconUserMinus,
} from "@tabler/icons-react";
import type { AddressEvent, AddressStateWord } from "../api/types";
import type { Tone } from "../parts/Notice";

/** Every state with its colour and icon; the word is `feedback.states.<state>` of the language files. */
export const STATES: Record<AddressStateWord, { tone: Tone; icon: typeof IconBan }> = {
  fine: { tone: "ok", icon: IconCircleCheck },
  doubtful: { tone: "neutral", icon: IconHelpCircle },
  failing: { tone: "warn", icon: IconAlertTriangle },
  dead: { tone: "danger", icon: IconMailOff },
  complained: { tone: "danger", icon: IconFlag },
  unsubscribed: { tone: "info", icon: IconUserMinus },
  blocked: { tone: "danger", icon: IconBan },
};

export const STATE_WORDS = Object.keys(STATES) as AddressStateWord[];

export function isStateWord(word: string | undefined): word is AddressStateWord {
  return word !== undefined && Object.hasOwn(STATES, word);
}

const PERMANENCE_TONES = { permanent: "danger", temporary: "warn", unknown: "neutral" } as const;

/** Colour of an event. */
export function eventTone({ kind, permanence, state }: Pick<AddressEvent, "kind" | "permanence" | "state">): Tone {
  switch (kind) {
    case "failed":
      return PERMANENCE_TONES[permanence ?? "unknown"];
    case "delayed":
      return "warn";
    case "complained":
      return "danger";
    case "delivered":
    case "human_mail":
    case "cleared":
      return "ok";
    case "set":
      return state === null ? "neutral" : STATES[state].tone;
    default:
      return "info";
  }
}

/** Path of the page of an address. */
export function addressPath(address: string): string {
  return `/address/${encodeURIComponent(address)}`;
}

/** Whether the text can be an address; the server looks closer. */
export function looksLikeAddress(text: string): boolean {
  return /^[^\s@]+@[^\s@]+$/u.test(text.trim());
}

export const TERMS = ["forever", "days30", "days90", "days365"] as const;
export type Term = (typeof TERMS)[number];

/** When a term that begins now ends; `null` for never. */
export function endOf(term: Term, now: Date): string | null {
  const days = { forever: 0, days30: 30, days90: 90, days365: 365 }[term];
  return days === 0 ? null : new Date(now.getTime() + days * 86_400_000).toISOString();
}
