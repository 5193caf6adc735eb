import {
  IconArchive,
  IconCircleCheck,
  IconClockExclamation,
  IconExclamationCircle,
  IconPlayerPause,
  IconRefresh,
} from "@tabler/icons-react";
import type { Account } from "../api/types";
import type { Tone } from "../parts/Notice";

/** Whether it goes on only when somebody does something. */
export function needsPerson(state: Account["state"]["state"]): boolean {
  return state === "stopped" || state === "needs_consent" || state === "needs_settings";
}

/** Colour and icon of what an account is doing. */
export function accountStateOf({ state }: Account): { tone: Tone; icon: typeof IconArchive } {
  switch (state.state) {
    case "inactive":
      return { tone: "neutral", icon: IconPlayerPause };
    case "still":
      return { tone: "neutral", icon: IconArchive };
    case "waiting":
      return { tone: "ok", icon: IconCircleCheck };
    case "fetching":
      return { tone: "info", icon: IconRefresh };
    case "retrying":
      return { tone: "warn", icon: IconClockExclamation };
    case "needs_consent":
    case "needs_settings":
    case "stopped":
      return { tone: "danger", icon: IconExclamationCircle };
  }
}
