import { Button } from "@mantine/core";
import { IconArrowBackUp, IconMailCheck, IconMailExclamation, IconTrash } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import css from "./MessageList.module.css";

interface SelectionBarProps {
  count: number;
  /** The list shows deleted mails. */
  deleted: boolean;
  onAct: () => void;
  onSpam: (spam: boolean) => void;
  onClear: () => void;
  /** Further acts. */
  children?: ReactNode;
}

/** What can be done with the mails that are selected. */
export function SelectionBar({ count, deleted, onAct, onSpam, onClear, children }: SelectionBarProps) {
  const { t } = useTranslation();
  const Sign = deleted ? IconArrowBackUp : IconTrash;
  return (
    <div className={css.selection} role="group" aria-label={t("deletion.selection")}>
      <b aria-live="polite">{t("deletion.selected", { count })}</b>
      <Button size="compact-md" variant="default" leftSection={<Sign size={16} aria-hidden />} onClick={onAct}>
        {t(deleted ? "deletion.restore" : "deletion.delete")}
      </Button>
      {deleted ? null : (
        <>
          <Button
            size="compact-md"
            variant="default"
            leftSection={<IconMailExclamation size={16} aria-hidden />}
            onClick={() => onSpam(true)}
          >
            {t("spam.is")}
          </Button>
          <Button
            size="compact-md"
            variant="default"
            leftSection={<IconMailCheck size={16} aria-hidden />}
            onClick={() => onSpam(false)}
          >
            {t("spam.isNone")}
          </Button>
        </>
      )}
      {children}
      <Button size="compact-md" variant="default" onClick={onClear}>
        {t("deletion.unselect")}
      </Button>
    </div>
  );
}
