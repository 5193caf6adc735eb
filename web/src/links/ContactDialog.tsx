import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import type { MessageDetail } from "../api/types";
import { Failure } from "../parts/Failure";
import { tell } from "../parts/toast";

/** Hands the sender of a mail to the ERP as a new contact. */
export function ContactDialog({ message, onClose }: { message: MessageDetail; onClose: () => void }) {
  const { t } = useTranslation();
  const from = message.from[0];
  const [name, setName] = useState(from?.name ?? "");
  const [address, setAddress] = useState(from?.address ?? "");
  const propose = useMutation({
    mutationFn: () =>
      done(
        api.POST("/api/v1/messages/{mail_id}/contact_proposal", {
          params: { path: { mail_id: message.mail_id } },
          body: { name, address },
        }),
      ),
    onSuccess: () => {
      onClose();
      tell(t("links.proposed"));
    },
  });
  return (
    <Modal opened onClose={onClose} title={t("links.newContact")} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          propose.mutate();
        }}
      >
        <Stack>
          <div>{t("links.newContactWhat")}</div>
          <TextInput
            label={t("links.name")}
            data-autofocus
            maxLength={200}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label={t("form.email")}
            type="email"
            value={address}
            onChange={(event) => setAddress(event.currentTarget.value)}
          />
          {propose.error === null ? null : <Failure error={propose.error} what={t("links.notProposed")} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("form.cancel")}
            </Button>
            <Button type="submit" loading={propose.isPending} disabled={name.trim() === "" || address.trim() === ""}>
              {t("links.propose")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
