import { Button } from "@mantine/core";
import { IconArrowBackUp, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import css from "./MessageList.module.css";

interface SelectionBarProps {
  count: number;
  /** The list shows deleted mails. */
  deleted: boolean;
  onAct: () => void;
  onClear: () => void;
}

/** What can be done with the mails that are selected. */
export function SelectionBar({ count, deleted, onAct, onClear }: SelectionBarProps) {
  const { t } = useTranslation();
  const Sign = deleted ? IconArrowBackUp : IconTrash;
  return (
    <div className={css.selection} role="group" aria-label={t("deletion.selection")}>
      <b aria-live="polite">{t("deletion.selected", { count })}</b>
      <Button size="compact-md" variant="default" leftSection={<Sign size={16} aria-hidden />} onClick={onAct}>
        {t(deleted ? "deletion.restore" : "deletion.delete")}
      </Button>
      <Button size="compact-md" variant="default" onClick={onClear}>
        {t("deletion.unselect")}
      </Button>
    </div>
  );
}
