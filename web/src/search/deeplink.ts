import { quote } from "./words";

/** What a link of the older form asks for, in today's words. */
export interface Translated {
  q: string;
  sort: "date" | "relevance";
}

const FIELDS: Record<string, string> = {
  from_email: "from",
  to_email: "to",
  subject: "subject",
};

const CONDITION = /\(\s*(\w+)\s*~\s*(equals|contains|starts)\s*~\s*([^()]*?)\s*\)/gu;

/** Whether a query has the older form `(from_email~equals~test@test.de)`. */
export function isOlderForm(q: string): boolean {
  return /^\s*\(\s*\w+\s*~\s*\w+\s*~/u.test(q);
}

/**
 * Reads `?q=(from_email~equals~test@test.de)&tab=read&orderby=dmaildate`. Several conditions must all hold.
 * Fields that are not known are searched for as plain words, so that a link never finds everything.
 */
export function translate(q: string, tab: string | undefined, orderby: string | undefined): Translated {
  const words: string[] = [];
  for (const [, field = "", operator, value = ""] of q.matchAll(CONDITION)) {
    const name = FIELDS[field];
    const prefix = operator === "starts" && /^\S+$/u.test(value) ? "*" : "";
    const term = prefix === "" ? quote(value) : `${value}*`;
    words.push(name === undefined ? term : `${name}:${term}`);
  }
  if (tab === "unread") {
    words.push("is:unread");
  } else if (tab === "read") {
    words.push("-is:unread");
  }
  return { q: words.join(" "), sort: orderby === "relevance" ? "relevance" : "date" };
}
