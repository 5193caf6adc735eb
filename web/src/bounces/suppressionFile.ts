import type { MailClass } from "../api/types";
import { rowsOf } from "./csv";
import { looksLikeAddress } from "./states";

export interface SuppressionItem {
  address: string;
  class: MailClass | null;
  list: string | null;
  reason: string;
  expires: string | null;
}

export interface SuppressionFile {
  items: SuppressionItem[];
  /** Numbers of rows that hold no usable address; the heading is row 1. */
  unusable: number[];
}

const ADDRESS = ["address", "email", "e-mail", "mail", "adresse", "mailadresse"];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu;

/** Entries of a CSV file, such as the export makes; a file of addresses alone needs no heading. */
export function readSuppressions(text: string): SuppressionFile {
  const rows = rowsOf(text);
  const heading = (rows[0] ?? []).map((cell) => cell.trim().toLowerCase());
  const named = heading.findIndex((cell) => ADDRESS.includes(cell));
  const headless = named === -1 && heading[0] !== undefined && looksLikeAddress(heading[0]);
  const found: SuppressionFile = { items: [], unusable: [] };
  if (named === -1 && !headless) {
    return found;
  }
  const cell = (row: string[], name: string) => (headless ? "" : (row[heading.indexOf(name)]?.trim() ?? ""));
  rows.forEach((row, at) => {
    if ((at === 0 && !headless) || row.every((one) => one.trim() === "")) {
      return;
    }
    // Spreadsheets are kept from taking a cell for a formula by a sign before it.
    const address = (row[headless ? 0 : named] ?? "").trim().replace(/^'(?=[-+=@])/u, "");
    if (!looksLikeAddress(address)) {
      found.unusable.push(at + 1);
      return;
    }
    const mail = cell(row, "class");
    const list = cell(row, "list");
    const expires = Date.parse(cell(row, "expires"));
    found.items.push({
      address,
      class: mail === "bulk" || mail === "transactional" ? mail : null,
      list: UUID.test(list) ? list : null,
      reason: cell(row, "reason").slice(0, 500),
      expires: Number.isNaN(expires) ? null : new Date(expires).toISOString(),
    });
  });
  return found;
}

/** Pieces of at most `size`. */
export function piecesOf<T>(all: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}

/** The first line that is no address; lines may be separated by commas too. */
export function linesOf(text: string): { addresses: string[]; broken: string | undefined } {
  const addresses = text
    .split(/[\s,;]+/u)
    .map((one) => one.trim())
    .filter((one) => one !== "");
  return { addresses, broken: addresses.find((one) => !looksLikeAddress(one)) };
}
