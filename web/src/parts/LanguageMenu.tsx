import { Menu, UnstyledButton } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Language } from "../api/types";
import { LANGUAGES } from "../lang/language";
import css from "./LanguageMenu.module.css";

/** Languages by their own names. */
export const LANGUAGE_NAMES: Record<Language, string> = { de: "Deutsch", en: "English" };

export function LanguageMenu({ onChoose }: { onChoose: (language: Language) => void }) {
  const { t, i18n } = useTranslation();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <UnstyledButton className={css.button}>
          <span className="sr-only">{t("shell.language")}: </span>
          {i18n.language.toUpperCase()}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {LANGUAGES.map((language) => (
          <Menu.Item
            key={language}
            lang={language}
            rightSection={i18n.language === language ? <IconCheck size={16} aria-hidden /> : null}
            aria-current={i18n.language === language}
            onClick={() => onChoose(language)}
          >
            {LANGUAGE_NAMES[language]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
