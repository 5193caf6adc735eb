import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type { Language } from "../api/types";
import { initialLanguage, rememberLanguage, storedLanguage } from "./language";

const texts: Record<Language, () => Promise<{ default: object }>> = {
  de: () => import("./de.json"),
  en: () => import("./en.json"),
};

/** Loads the texts of the first language and starts i18next. */
export async function startLanguage(): Promise<void> {
  const language = initialLanguage(storedLanguage(), navigator.languages);
  const { default: translation } = await texts[language]();
  await i18next.use(initReactI18next).init({
    lng: language,
    resources: { [language]: { translation } },
    interpolation: { escapeValue: false, prefix: "{", suffix: "}" },
    returnNull: false,
    showSupportNotice: false,
  });
  rememberLanguage(language);
}

/** Switches the whole page without a reload. */
export async function switchLanguage(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, "translation")) {
    const { default: translation } = await texts[language]();
    i18next.addResourceBundle(language, "translation", translation);
  }
  rememberLanguage(language);
  await i18next.changeLanguage(language);
}
