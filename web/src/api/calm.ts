/** More marks on one letter than any script writes. */
const PILE = /([\p{M}\u200D]{8})[\p{M}\u200D]+/gu;

/**
 * A letter with a quarter of a million accents is one character to a browser, and drawing it stops the page for
 * minutes. What is shown keeps eight of them; the original is untouched.
 */
export function calmText(text: string): string {
  return text.replace(PILE, "$1");
}

/** The same for every text in an answer. */
export function calm<T>(value: T): T {
  return calmed(value) as T;
}

function calmed(value: unknown): unknown {
  if (typeof value === "string") {
    return calmText(value);
  }
  if (Array.isArray(value)) {
    return value.map(calmed);
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, calmed(inner)]));
  }
  return value;
}
