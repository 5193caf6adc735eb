import type { TFunction } from "i18next";
import i18next from "i18next";

/** The text of a key that the server's words make; `otherwise` where the page has none for that word. */
export function wordOr(t: TFunction, key: string, otherwise: string): string {
  return i18next.exists(key) ? (t as (key: string) => string)(key) : otherwise;
}

/** A place in a mail in words: `header Auto-Submitted`, `part 1.2`, `body line 14`. */
export function placeText(t: TFunction, where: string): string {
  const [, kind, rest] = /^(header|part|body line)\s+(.+)$/u.exec(where) ?? [];
  if (rest === undefined) {
    return where;
  }
  switch (kind) {
    case "header":
      return t("places.header", { name: rest });
    case "part":
      return t("places.part", { number: rest });
    default:
      return t("places.line", { number: rest });
  }
}
