/**
 * Queries are plain text that people read and bookmark. Facets only add words to that text or take them away,
 * so the text is the whole state of a search.
 */

/** Splits at white space outside quotes; `from:"A B"` stays one word. */
export function wordsOf(query: string): string[] {
  return query.match(/(?:[^\s"]|"[^"]*"?)+/gu) ?? [];
}

/** Words of the query language that facets use, and the German ones that mean the same. */
const ALIASES = { kind: "art", account: "konto", on: "am", tag: "schlagwort" } as const;

export type Field = keyof typeof ALIASES;

function isOf(word: string, field: Field): boolean {
  return word.startsWith(`${field}:`) || word.startsWith(`${ALIASES[field]}:`);
}

/** The value of the first word `field:value`, quotes removed. */
export function valueOf(query: string, field: Field): string | undefined {
  const word = wordsOf(query).find((one) => isOf(one, field));
  return word === undefined ? undefined : unquote(word.slice(word.indexOf(":") + 1));
}

/** The query with `field:value` in place of every word of that field, or without such words. */
export function withValue(query: string, field: Field, value: string | undefined): string {
  const rest = wordsOf(query).filter((word) => !isOf(word, field));
  return (value === undefined ? rest : [...rest, `${field}:${quote(value)}`]).join(" ");
}

/** Whether the word stands in the query as it is. */
export function hasWord(query: string, word: string): boolean {
  return wordsOf(query).includes(word);
}

export function toggleWord(query: string, word: string): string {
  const words = wordsOf(query);
  return (words.includes(word) ? words.filter((one) => one !== word) : [...words, word]).join(" ");
}

/** Quotes what would otherwise fall apart or mean something. */
export function quote(value: string): string {
  return /^[^\s"():]+$/u.test(value) ? value : `"${value.replaceAll('"', " ").trim()}"`;
}

function unquote(value: string): string {
  return value.replaceAll('"', "");
}
