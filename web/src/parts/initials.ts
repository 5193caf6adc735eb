/** Two letters for a name or an address, upper case; `?` where there is none. */
export function initialsOf(name: string): string {
  const words = name
    .replace(/@.*$/u, "")
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
  const first = words[0]?.match(/^./u)?.[0];
  if (first === undefined) {
    return "?";
  }
  const last = words.length > 1 ? (words.at(-1)?.match(/^./u)?.[0] ?? "") : "";
  return (first + last).toLocaleUpperCase("de");
}

/** A number below `count` that is always the same for the same text. */
export function bucketOf(text: string, count: number): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) {
    hash = (hash * 31 + text.charCodeAt(at)) | 0;
  }
  return Math.abs(hash) % count;
}
