import { Button, Group, Modal, Radio, Stack } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { LinkedRecord, Remember } from "../api/types";
import { recordTitle } from "./words";

const CHOICES = ["mail", "thread", "address"] as const satisfies readonly Remember[];

interface RemoveLinkProps {
  record: LinkedRecord;
  onRemove: (remember: Remember) => void;
  onClose: () => void;
}

/** Asks where a removal is to hold. */
export function RemoveLink({ record, onRemove, onClose }: RemoveLinkProps) {
  const { t } = useTranslation();
  const [remember, setRemember] = useState<Remember>("mail");
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("links.removeTitle", { record: recordTitle(t, record) })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Stack>
        <Radio.Group
          label={t("links.remember")}
          value={remember}
          onChange={(value) => setRemember(CHOICES.find((one) => one === value) ?? "mail")}
        >
          <Stack gap="xs" mt="xs">
            {CHOICES.map((choice) => (
              <Radio
                key={choice}
                value={choice}
                label={t(`links.remembers.${choice}`)}
                description={t(`links.remembersWhat.${choice}`)}
              />
            ))}
          </Stack>
        </Radio.Group>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("form.cancel")}
          </Button>
          <Button onClick={() => onRemove(remember)}>{t("links.remove")}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
