import { Button, Group } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCommand } from "../keys/dispatch";
import { hide, show } from "./toast";

/** Milliseconds an undo is offered. */
const OFFERED_MS = 8_000;

let last = 0;

/** Something has been done and can be taken back, with a button or a key. */
export function tellUndo(message: string, undo: () => Promise<void>): void {
  last += 1;
  const id = `undo-${last}`;
  show({ id, autoClose: OFFERED_MS, message: <Undoable id={id} message={message} undo={undo} /> });
}

function Undoable({ id, message, undo }: { id: string; message: string; undo: () => Promise<void> }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const act = () => {
    if (!busy) {
      setBusy(true);
      void undo().finally(() => hide(id));
    }
  };
  useCommand("undo", act);
  return (
    <Group justify="space-between" wrap="nowrap">
      <span>{message}</span>
      <Button size="compact-sm" variant="default" loading={busy} onClick={act}>
        {t("common.undo")}
      </Button>
    </Group>
  );
}
