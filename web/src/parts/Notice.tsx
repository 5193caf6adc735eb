import { IconAlertTriangle, IconCircleCheck, IconCircleX, IconInfoCircle } from "@tabler/icons-react";
import type { ComponentType, ReactNode } from "react";
import css from "./Notice.module.css";

export type Tone = "ok" | "warn" | "info" | "danger" | "neutral";

type Icon = ComponentType<{ size?: number; stroke?: number; "aria-hidden"?: boolean }>;

const ICONS: Record<Tone, Icon> = {
  ok: IconCircleCheck,
  warn: IconAlertTriangle,
  info: IconInfoCircle,
  danger: IconCircleX,
  neutral: IconInfoCircle,
};

interface NoticeProps {
  tone: Tone;
  title?: ReactNode;
  icon?: Icon;
  actions?: ReactNode;
  /** Read out at once; for what has just happened. */
  live?: boolean;
  children?: ReactNode;
}

/** Colour, icon and words: something to know. */
export function Notice({ tone, title, icon, actions, live, children }: NoticeProps) {
  const Sign = icon ?? ICONS[tone];
  const role = live !== true ? undefined : tone === "danger" ? "alert" : "status";
  return (
    <div className={`${css.notice} ${css[tone]}`} role={role}>
      <Sign size={20} stroke={1.8} aria-hidden />
      {title === undefined ? null : <div className={css.title}>{title}</div>}
      {children === undefined ? null : <div className={css.body}>{children}</div>}
      {actions === undefined ? null : <div className={css.actions}>{actions}</div>}
    </div>
  );
}

/** A state in one word, with its colour and icon. */
export function Pill({ tone, icon, children }: { tone: Tone; icon?: Icon; children: ReactNode }) {
  const Sign = icon ?? ICONS[tone];
  return (
    <span className={`${css.pill} ${css[tone]}`}>
      <Sign size={13} stroke={2.2} aria-hidden />
      <span>{children}</span>
    </span>
  );
}

/** One sentence and one action where there is nothing to list. */
export function Empty({ icon: Sign, children, action }: { icon: Icon; children: ReactNode; action?: ReactNode }) {
  return (
    <div className={css.center}>
      <Sign size={36} stroke={1.4} aria-hidden />
      <p>{children}</p>
      {action}
    </div>
  );
}
