import type { BounceRule, BounceRules, BounceSettings, MailClass, RuleAction } from "../api/types";

/** Words of what comes back that rules may count. */
export const RULE_KINDS = ["failed", "delayed", "complained", "unsubscribed"] as const;

/** Words of the documented list of reasons. */
export const RULE_REASONS = [
  "user_unknown",
  "moved",
  "domain_unknown",
  "no_mail_host",
  "mailbox_full",
  "mailbox_disabled",
  "not_permitted",
  "spam",
  "virus",
  "blocked",
  "sender_rejected",
  "authentication_failed",
  "reverse_dns",
  "relaying_denied",
  "policy",
  "content_rejected",
  "message_too_large",
  "rate_limited",
  "greylisted",
  "expired",
  "network",
  "routing_loop",
  "tls_failed",
  "system_full",
  "system_error",
  "protocol_error",
  "unknown",
] as const;

export const COUNT_MAX = 100;
export const DAYS_MAX = 3650;
export const ANY = "any";

/** A rule as the form holds it. */
export interface RuleForm {
  name: string;
  active: boolean;
  kinds: string[];
  reasons: string[];
  permanence: string;
  count: number | string;
  windowDays: number | string;
  class: string;
  lists: string[];
  stop: boolean;
  stopClass: string;
  leave: boolean;
  leaveAll: boolean;
  alternative: boolean;
  notify: boolean;
  tag: string;
  move: string;
  webhook: string;
  /** Further actions of a kind the form shows once. */
  others: RuleAction[];
}

export const NEW_RULE: BounceRule = {
  name: "",
  active: true,
  category: { kinds: ["failed"], reasons: [], permanence: null, count: 3, window_days: 180, class: null, lists: [] },
  actions: [{ do: "stop_mailing", class: "bulk" }],
};

type ActionOf<Kind extends RuleAction["do"]> = Extract<RuleAction, { do: Kind }>;

export function formOf(rule: BounceRule): RuleForm {
  const { category } = rule;
  const others = [...rule.actions];
  const first = <Kind extends RuleAction["do"]>(kind: Kind): ActionOf<Kind> | undefined => {
    const at = others.findIndex((action) => action.do === kind);
    return at === -1 ? undefined : (others.splice(at, 1)[0] as ActionOf<Kind>);
  };
  const stop = first("stop_mailing");
  const leave = first("leave_lists");
  return {
    name: rule.name,
    active: rule.active,
    kinds: category.kinds,
    reasons: category.reasons,
    permanence: category.permanence ?? ANY,
    count: category.count,
    windowDays: category.window_days,
    class: category.class ?? ANY,
    lists: category.lists,
    stop: stop !== undefined,
    stopClass: stop === undefined ? "bulk" : (stop.class ?? ANY),
    leave: leave !== undefined,
    leaveAll: leave?.all ?? false,
    alternative: first("use_alternative") !== undefined,
    notify: first("notify") !== undefined,
    tag: first("tag")?.tag ?? "",
    move: first("move")?.mailbox ?? "",
    webhook: first("webhook")?.url ?? "",
    others,
  };
}

function classOf(word: string): MailClass | null {
  return word === "bulk" || word === "transactional" ? word : null;
}

export function ruleOf(form: RuleForm): BounceRule {
  const { permanence } = form;
  const actions: RuleAction[] = [];
  if (form.stop) {
    actions.push({ do: "stop_mailing", class: classOf(form.stopClass) });
  }
  if (form.leave) {
    actions.push({ do: "leave_lists", all: form.leaveAll });
  }
  if (form.alternative) {
    actions.push({ do: "use_alternative" });
  }
  if (form.notify) {
    actions.push({ do: "notify" });
  }
  if (form.tag.trim() !== "") {
    actions.push({ do: "tag", tag: form.tag.trim() });
  }
  if (form.move.trim() !== "") {
    actions.push({ do: "move", mailbox: form.move.trim() });
  }
  if (form.webhook.trim() !== "") {
    actions.push({ do: "webhook", url: form.webhook.trim() });
  }
  return {
    name: form.name.trim(),
    active: form.active,
    category: {
      kinds: form.kinds,
      reasons: form.reasons,
      permanence: permanence === "permanent" || permanence === "temporary" || permanence === "unknown" ? permanence : null,
      count: Number(form.count),
      window_days: Number(form.windowDays),
      class: classOf(form.class),
      lists: form.lists,
    },
    actions: [...actions, ...form.others],
  };
}

/** Whether it is a whole number in these bounds. */
export function between(value: number | string, least: number, most: number): boolean {
  const number = typeof value === "number" ? value : value.trim() === "" ? Number.NaN : Number(value);
  return Number.isInteger(number) && number >= least && number <= most;
}

/** The numbers of the settings with their bounds. */
export const SETTINGS = {
  soft_count: [1, COUNT_MAX],
  soft_days: [1, DAYS_MAX],
  unsigned_count: [2, COUNT_MAX],
  doubtful_days: [1, DAYS_MAX],
  half_life_days: [1, DAYS_MAX],
} as const satisfies Partial<Record<keyof BounceSettings, readonly [number, number]>>;

export type SettingName = keyof typeof SETTINGS;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

export function settingsFit(settings: BounceSettings): boolean {
  return SETTING_NAMES.every((name) => {
    const [least, most] = SETTINGS[name];
    return between(settings[name], least, most);
  });
}

/** Whether both say the same. */
export function same(a: BounceRules | BounceRule[], b: BounceRules | BounceRule[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
