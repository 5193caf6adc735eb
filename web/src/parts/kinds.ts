import {
  IconAlertTriangle,
  IconArrowForwardUp,
  IconClockPause,
  IconEyeCheck,
  IconFlag,
  IconMailCheck,
  IconMailX,
  IconNews,
  IconPlaneDeparture,
  IconReportAnalytics,
  IconRobot,
  IconShieldQuestion,
  IconUser,
  IconUserMinus,
  IconUsersGroup,
} from "@tabler/icons-react";
import type { Kind } from "../api/types";
import type { Tone } from "./Notice";

/** Every kind with its colour and icon; the word is `kinds.<kind>` of the language files. */
export const KINDS: Record<Kind, { tone: Tone; icon: typeof IconUser }> = {
  personal: { tone: "neutral", icon: IconUser },
  bounce: { tone: "danger", icon: IconMailX },
  auto_reply: { tone: "warn", icon: IconPlaneDeparture },
  list: { tone: "neutral", icon: IconNews },
  delay: { tone: "warn", icon: IconClockPause },
  delivered: { tone: "ok", icon: IconMailCheck },
  relayed: { tone: "ok", icon: IconArrowForwardUp },
  expanded: { tone: "ok", icon: IconUsersGroup },
  read_receipt: { tone: "ok", icon: IconEyeCheck },
  complaint: { tone: "danger", icon: IconFlag },
  auto_generated: { tone: "info", icon: IconRobot },
  challenge: { tone: "warn", icon: IconShieldQuestion },
  unsubscribe: { tone: "info", icon: IconUserMinus },
  report: { tone: "info", icon: IconReportAnalytics },
};

/** Shown at once; the others wait behind "more kinds". */
export const FREQUENT_KINDS: readonly Kind[] = ["personal", "bounce", "auto_reply", "list"];

export const RARE_KINDS: readonly Kind[] = (Object.keys(KINDS) as Kind[]).filter(
  (kind) => !FREQUENT_KINDS.includes(kind),
);

export function isKind(word: string): word is Kind {
  return word in KINDS;
}

/** For a mail that is listed although something is wrong with it. */
export const DEFECT_ICON = IconAlertTriangle;
