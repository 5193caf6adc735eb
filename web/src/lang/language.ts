import type { Language } from "../api/types";

export const LANGUAGES: readonly Language[] = ["de", "en"];

const STORED = "poststelle.language";

let current: Language = "de";

/** Language of the page at this moment; requests carry it. */
export function currentLanguage(): Language {
  return current;
}

export function rememberLanguage(language: Language): void {
  current = language;
  document.documentElement.lang = language;
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // Without storage the choice lasts until the page is closed.
  }
}

/** What was chosen before, otherwise the first language of the browser that the page has. */
export function initialLanguage(stored: string | null, browser: readonly string[]): Language {
  const chosen = LANGUAGES.find((language) => language === stored);
  if (chosen !== undefined) {
    return chosen;
  }
  for (const tag of browser) {
    const match = LANGUAGES.find((language) => language === tag.slice(0, 2).toLowerCase());
    if (match !== undefined) {
      return match;
    }
  }
  return "en";
}

export function storedLanguage(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

/** Region for dates and numbers: the browser's, where its language is the page's; otherwise Germany, Britain. */
export function formatLocale(language: Language, browser: readonly string[]): string {
  const own = browser.find((tag) => tag.slice(0, 2).toLowerCase() === language && tag.length > 2);
  return own ?? (language === "de" ? "de-DE" : "en-GB");
}
