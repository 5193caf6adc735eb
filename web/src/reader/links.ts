export interface TextPiece {
  text: string;
  /** Where it leads; only http, https and mailto. */
  href?: string;
}

const LINK = /https?:\/\/[^\s<>"'`]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+/giu;

/** Cuts a plain text at the addresses in it. Signs that end a sentence do not belong to an address. */
export function linksOf(text: string): TextPiece[] {
  const pieces: TextPiece[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const found = trimmed(match[0]);
    if (match.index > end) {
      pieces.push({ text: text.slice(end, match.index) });
    }
    const href = /^https?:/iu.test(found) ? found : `mailto:${found}`;
    pieces.push({ text: found, href });
    end = match.index + found.length;
  }
  if (end < text.length) {
    pieces.push({ text: text.slice(end) });
  }
  return pieces;
}

function trimmed(found: string): string {
  let address = found.replace(/[.,;:!?*_~]+$/u, "");
  while (address.endsWith(")") && !address.includes("(")) {
    address = address.slice(0, -1);
  }
  return address.replace(/[.,;:!?]+$/u, "");
}
