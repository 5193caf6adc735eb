import { Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useIsNarrow } from "../parts/Panes";
import css from "./Search.module.css";

/** What one may write into the search, with an example each; the words are the same in every language. */
const EXAMPLES = [
  ["words", "Lieferschein Montage"],
  ["phrase", '"neue Bankverbindung"'],
  ["exclude", "Rechnung -Mahnung"],
  ["or", "Angebot OR Bestellung"],
  ["prefix", "Liefer*"],
  ["from", "from:weber"],
  ["to", "to:einkauf@firma.de"],
  ["subject", "subject:Kündigung"],
  ["body", "body:Seriennummer"],
  ["file", "file:rechnung.pdf"],
  ["attachment", "has:attachment"],
  ["kind", "kind:bounce"],
  ["account", 'account:"Vertrieb"'],
  ["group", 'group:"Vertrieb"'],
  ["tag", "tag:Dringend"],
  ["unread", "is:unread"],
  ["deleted", "is:deleted"],
  ["spam", "is:spam"],
  ["after", "after:2026-01-01"],
  ["before", "before:2026-07-01"],
  ["on", "on:2026-03-02"],
  ["larger", "larger:5M"],
] as const;

export function QueryHelp({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      fullScreen={narrow}
      title={t("search.help")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <table className={css.help}>
        <thead>
          <tr>
            <th scope="col">{t("search.write")}</th>
            <th scope="col">{t("search.finds")}</th>
          </tr>
        </thead>
        <tbody>
          {EXAMPLES.map(([name, example]) => (
            <tr key={name}>
              <td>
                <code>{example}</code>
              </td>
              <td>{t(`search.words.${name}`)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Modal>
  );
}
