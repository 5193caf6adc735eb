import { useTranslation } from "react-i18next";
import css from "./erp.module.css";
import type { ErpNote } from "./queries";

/** Words of the server. */
type Word = "number" | "boolean" | "too-long" | "cut-off" | "unusable" | "duplicate";

/** What was wrong with single rows. */
export function Notes({ notes }: { notes: readonly ErpNote[] }) {
  const { t } = useTranslation();
  if (notes.length === 0) {
    return null;
  }
  return (
    <details className={css.notes}>
      <summary>{t("erp.notes", { count: notes.length })}</summary>
      <ul>
        {notes.map((note) => (
          <li key={`${String(note.row)} ${note.what} ${note.value}`}>
            {t("erp.row", { row: note.row })} {t(`erp.note.${note.what as Word}`, { value: note.value })}
          </li>
        ))}
      </ul>
    </details>
  );
}
