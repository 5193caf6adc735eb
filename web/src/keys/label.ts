import type { Keys } from "./registry";

const WORDS: Record<string, Record<string, string>> = {
  de: { Ctrl: "Strg", Shift: "Umschalt", Enter: "Eingabe" },
  en: { Ctrl: "Ctrl", Shift: "Shift", Enter: "Enter" },
};

/** A key as it stands on the keyboard of that language. */
export function keyLabel(keys: Keys, language: string): string {
  const words = WORDS[language] ?? {};
  return keys
    .split("+")
    .map((key) => words[key] ?? key)
    .join(" ");
}
