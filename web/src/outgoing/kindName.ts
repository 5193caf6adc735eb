import type { TFunction } from "i18next";
import { wordOr } from "../reader/words";

/** What something that goes out tells of, in words. */
export function kindName(t: TFunction, kind: string): string {
  return wordOr(t, `outgoing.kinds.${kind.replace(".", "_")}`, kind);
}
