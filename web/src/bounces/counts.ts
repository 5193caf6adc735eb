import type { BounceCount, CountOf } from "../api/types";

/** What comes back, in the groups that are told apart by colour. */
export const GROUPS = ["permanent", "temporary", "unknown", "complaints"] as const;
export type Group = (typeof GROUPS)[number];

export type Sums = Record<Group, number> & { total: number };

/** The group of a number; `undefined` for what is no bounce, such as delivery receipts. */
export function groupOf({ kind, permanence }: Pick<BounceCount, "kind" | "permanence">): Group | undefined {
  switch (kind) {
    case "failed":
      return permanence ?? "unknown";
    case "delayed":
      return "temporary";
    case "complained":
    case "unsubscribed":
      return "complaints";
    default:
      return undefined;
  }
}

function none(): Sums {
  return { permanent: 0, temporary: 0, unknown: 0, complaints: 0, total: 0 };
}

/** Adds up the numbers of each day, domain or reason; the largest first. */
export function sumsOf(counts: BounceCount[]): [string, Sums][] {
  const found = new Map<string, Sums>();
  for (const count of counts) {
    const group = groupOf(count);
    if (group !== undefined) {
      const sums = found.get(count.of) ?? none();
      sums[group] += count.count;
      sums.total += count.count;
      found.set(count.of, sums);
    }
  }
  return [...found].sort(([a, x], [b, y]) => y.total - x.total || a.localeCompare(b));
}

export function totalOf(sums: Sums[]): Sums {
  const total = none();
  for (const one of sums) {
    for (const group of GROUPS) {
      total[group] += one[group];
    }
    total.total += one.total;
  }
  return total;
}

/** A day, or a week by its first day. */
export interface Bucket {
  /** `2026-03-02` */
  first: string;
  /** The day after its last. */
  end: string;
  sums: Sums;
  /** Mails sent then; `undefined` where nobody knows. */
  sent: number | undefined;
}

const DAY_MS = 86_400_000;

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/** Mails sent on these days; nobody knows of the others only if `sent` is null. */
function sentOn(sent: Map<string, number> | null, days: string[]): number | undefined {
  return sent === null ? undefined : days.reduce((sum, day) => sum + (sent.get(day) ?? 0), 0);
}

/** What came back undelivered; complaints were delivered. */
export function bounced(sums: Sums): number {
  return sums.total - sums.complaints;
}

/** Part of a whole; `undefined` of nothing. */
export function shareOf(part: number, whole: number | undefined): number | undefined {
  return whole === undefined || whole === 0 ? undefined : part / whole;
}

/** Every day from `since` on, those without numbers too; `step` days together. */
export function bucketsOf(
  counts: BounceCount[],
  since: string,
  days: number,
  step: number,
  sent: CountOf[] | null = null,
): Bucket[] {
  const mails = sent === null ? null : new Map(sent.map((one) => [one.of, one.count]));
  const found = new Map(sumsOf(counts));
  const start = Date.parse(`${since.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(start)) {
    return [];
  }
  const buckets: Bucket[] = [];
  for (let at = 0; at < days; at += step) {
    const length = Math.min(step, days - at);
    const names = Array.from({ length }, (_, more) => dayOf(start + (at + more) * DAY_MS));
    buckets.push({
      first: dayOf(start + at * DAY_MS),
      end: dayOf(start + (at + length) * DAY_MS),
      sums: totalOf(names.map((name) => found.get(name) ?? none())),
      sent: sentOn(mails, names),
    });
  }
  return buckets;
}

/** Days that make one bar: what is longer than a quarter is shown by weeks. */
export function stepFor(days: number): number {
  return days > 92 ? 7 : 1;
}
