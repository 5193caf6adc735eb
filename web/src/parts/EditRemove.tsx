import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import page from "./Page.module.css";

interface EditRemoveProps {
  /** Names of the buttons for those who do not see where they stand. */
  edit: string;
  remove: string;
  onEdit: () => void;
  onRemove: () => void;
  /** Something still needs it. */
  needed?: boolean;
}

/** The two buttons at the right of a card's head. */
export function EditRemove({ edit, remove, onEdit, onRemove, needed = false }: EditRemoveProps) {
  const { t } = useTranslation();
  return (
    <span className={`${page.row} ${page.end}`}>
      <Button size="xs" variant="default" aria-label={edit} onClick={onEdit}>
        {t("common.edit")}
      </Button>
      <Button size="xs" variant="default" disabled={needed} aria-label={remove} onClick={onRemove}>
        {t("common.remove")}
      </Button>
    </span>
  );
}
