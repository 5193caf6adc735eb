import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { formatLocale, LANGUAGES } from "./language";

/** Formats of one language and zone; made once, because `Intl` objects are costly. */
export interface Formats {
  /** 1.234 */
  number: (value: number) => string;
  /** 182,4 kB; decimal units */
  octets: (value: number) => string;
  /** Time today, day and month this year, otherwise the short date. */
  listDate: (iso: string, now?: Date) => string;
  /** Samstag, 21. November 2026 um 15:06 */
  longDate: (iso: string) => string;
  /** 21.11.2026, of a day without zone: `2026-11-21` */
  day: (iso: string) => string;
  /** 1.190,00, of a decimal as a text */
  decimal: (text: string) => string;
  /** 21.11.2026, 15:06 */
  shortDate: (iso: string) => string;
  /** vor 3 Minuten */
  ago: (iso: string, now?: Date) => string;
  /** 0,02 */
  seconds: (value: number) => string;
  /** 12 % */
  percent: (share: number) => string;
  /** 0,4 % */
  rate: (share: number) => string;
  /** A, B und C */
  list: (words: string[]) => string;
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export function makeFormats(locale: string, timeZone?: string): Formats {
  const zone = timeZone === undefined || timeZone === "" ? {} : { timeZone };
  const plain = new Intl.NumberFormat(locale);
  const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", ...zone });
  const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", ...zone });
  const date = new Intl.DateTimeFormat(locale, { day: "2-digit", month: "2-digit", year: "numeric", ...zone });
  const long = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short", ...zone });
  const short = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", ...zone });
  const year = new Intl.DateTimeFormat("en-GB", { year: "numeric", ...zone });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const calendar = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
  const money = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 6 });
  const seconds = new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 });
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  const rate = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  const sizes = UNITS.map(
    (unit) => new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }),
  );
  const list = new Intl.ListFormat(locale, { type: "conjunction" });
  return {
    number: (value) => plain.format(value),
    octets: (value) => {
      const step = Math.min(UNITS.length - 1, value < 1000 ? 0 : Math.floor(Math.log10(value) / 3));
      return (sizes[step] ?? plain).format(value / 1000 ** step);
    },
    listDate: (iso, now = new Date()) =>
      readable(iso, (at) => {
        if (date.format(at) === date.format(now)) {
          return time.format(at);
        }
        return year.format(at) === year.format(now) ? day.format(at) : date.format(at);
      }),
    longDate: (iso) => readable(iso, (at) => long.format(at)),
    day: (iso) => readable(`${iso}T00:00:00Z`, (at) => calendar.format(at)),
    decimal: (text) => money.format(Number(text)),
    shortDate: (iso) => readable(iso, (at) => short.format(at)),
    ago: (iso, now = new Date()) => {
      const past = Math.round((new Date(iso).getTime() - now.getTime()) / 1000);
      for (const [unit, size] of STEPS) {
        if (Math.abs(past) >= size) {
          return relative.format(Math.trunc(past / size), unit);
        }
      }
      return relative.format(0, "minute");
    },
    seconds: (value) => seconds.format(value),
    percent: (share) => percent.format(share),
    rate: (share) => rate.format(share),
    list: (words) => list.format(words),
  };
}

/** `Intl` throws for what is no date; such a text is shown as it is. */
function readable(iso: string, format: (at: Date) => string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : format(at);
}

/** Zone of the signed-in user; set when the session is known. */
let userZone: string | undefined;

/** `null`: the browser's. */
export function setUserZone(zone: string | null): void {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone ?? undefined });
    userZone = zone ?? undefined;
  } catch {
    userZone = undefined;
  }
}

export function useFormats(): Formats {
  const { i18n } = useTranslation();
  const language = LANGUAGES.find((one) => one === i18n.language) ?? "de";
  const zone = userZone;
  return useMemo(() => makeFormats(formatLocale(language, navigator.languages), zone), [language, zone]);
}
