import { Kbd, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { type SyntheticEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { run, useCommand } from "../keys/dispatch";
import { keyLabel } from "../keys/label";
import { useIsNarrow } from "./Panes";
import css from "./Shell.module.css";

/** The search of the top bar; shows the query of the page one is on. */
export function SearchBox() {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const location = useLocation();
  const narrow = useIsNarrow();
  const search = location.search as Record<string, string | undefined>;
  const here = location.pathname === "/mail" ? (search["q"] ?? "") : "";
  const [text, setText] = useState(here);
  const [shown, setShown] = useState(here);
  const field = useRef<HTMLInputElement>(null);
  if (here !== shown) {
    setShown(here);
    setText(here);
  }
  useCommand("search", () => field.current?.select());
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (text.trim() !== "") {
      field.current?.blur();
      void navigate({ to: "/mail", search: { q: text.trim() } });
    }
  };
  return (
    <form role="search" className={css.search} onSubmit={submit}>
      <TextInput
        ref={field}
        type="search"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && field.current?.blur()}
        aria-label={t("shell.search")}
        placeholder={t("shell.searchPlaceholder")}
        leftSection={<IconSearch size={17} stroke={1.8} aria-hidden />}
        rightSectionWidth={narrow ? 8 : 76}
        rightSection={
          narrow ? null : <Kbd className={css.kbd} onClick={() => run("palette")} aria-hidden>
            {keyLabel("Ctrl+K", i18n.language)}
          </Kbd>
        }
        classNames={{ input: css.searchInput }}
        spellCheck={false}
        autoComplete="off"
        enterKeyHint="search"
      />
    </form>
  );
}
