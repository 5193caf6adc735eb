import { Button, Group, Modal, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Failure } from "./Failure";

interface RemoveDialogProps {
  title: string;
  /** What it means. */
  means: string;
  /** Name of the button. */
  label: string;
  /** What it says when it was refused. */
  failed: string;
  remove: () => Promise<void>;
  onRemoved: () => Promise<void>;
  onClose: () => void;
}

/** Asks, because it cannot be undone. */
export function RemoveDialog({ title, means, label, failed, remove, onRemoved, onClose }: RemoveDialogProps) {
  const { t } = useTranslation();
  const removal = useMutation({
    mutationFn: remove,
    onSuccess: () => {
      onClose();
      return onRemoved();
    },
  });
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": t("common.close") }}>
      <Stack>
        <div>{means}</div>
        {removal.error === null ? null : <Failure error={removal.error} what={failed} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t("form.cancel")}
          </Button>
          <Button color="red.8" loading={removal.isPending} onClick={() => removal.mutate()}>
            {label}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
