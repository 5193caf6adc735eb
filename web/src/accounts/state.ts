import {
  IconArchive,
  IconCircleCheck,
  IconClockExclamation,
  IconExclamationCircle,
  IconPlayerPause,
  IconRefresh,
} from "@tabler/icons-react";
import type { Account, AccountStateWord } from "../api/types";
import type { Tone } from "../parts/Notice";

/** Colour and icon of what an account is doing. */
export function accountStateOf({ state }: Account): { tone: Tone; icon: typeof IconArchive } {
  switch (state.state) {
    case "disabled":
      return { tone: "neutral", icon: IconPlayerPause };
    case "files":
      return { tone: "neutral", icon: IconArchive };
    case "watching":
      return { tone: "ok", icon: IconCircleCheck };
    case "connecting":
    case "authenticating":
    case "syncing":
      return { tone: "info", icon: IconRefresh };
    case "throttled":
    case "backing_off":
      return { tone: "warn", icon: IconClockExclamation };
    case "degraded":
      return { tone: "warn", icon: IconExclamationCircle };
    case "needs_consent":
    case "needs_settings":
      return { tone: "danger", icon: IconExclamationCircle };
  }
}

/** Whether nothing gets better before a person has done something. */
export function needsPerson(state: AccountStateWord): boolean {
  return state === "needs_consent" || state === "needs_settings";
}

/** Whether a fetch is going on. */
export function isFetching(state: AccountStateWord): boolean {
  return state === "connecting" || state === "authenticating" || state === "syncing";
}
