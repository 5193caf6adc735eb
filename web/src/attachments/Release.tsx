import { Button, Modal, Stack, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { Failure } from "../parts/Failure";
import { FormEnd } from "../parts/FormEnd";
import { tell } from "../parts/toast";

interface ReleaseProps {
  mailId: string;
  number: string;
  name: string;
  /** Somebody has let it through. */
  released: boolean;
}

/** Lets a held attachment through, with a reason, or holds it again. For administrators. */
export function Release({ mailId, number, name, released }: ReleaseProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState("");
  const params = { path: { mail_id: mailId, number } };
  const refresh = () =>
    Promise.all(
      ["message", "attachments"].map((key) => client.invalidateQueries({ queryKey: [key], refetchType: "active" })),
    );
  const release = useMutation({
    mutationFn: () =>
      done(api.POST("/api/v1/messages/{mail_id}/parts/{number}/release", { params, body: { reason } })),
    onSuccess: () => {
      setAsking(false);
      tell(t("attachments.releasedToast", { name }));
      return refresh();
    },
  });
  const hold = useMutation({
    mutationFn: () => done(api.DELETE("/api/v1/messages/{mail_id}/parts/{number}/release", { params })),
    onSuccess: refresh,
  });
  if (released) {
    return (
      <>
        <Button size="xs" variant="default" loading={hold.isPending} onClick={() => hold.mutate()}>
          {t("attachments.holdAgain")}
        </Button>
        {hold.error === null ? null : <Failure error={hold.error} what={t("attachments.notHeld")} />}
      </>
    );
  }
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setAsking(true)}>
        {t("attachments.release")}
      </Button>
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={t("attachments.releaseTitle", { name })}
        closeButtonProps={{ "aria-label": t("common.close") }}
      >
        <form
          onSubmit={(event) => {
            event.preventDefault();
            release.mutate();
          }}
        >
          <Stack>
            <div>{t("attachments.releaseMeans")}</div>
            <Textarea
              label={t("attachments.reason")}
              required
              maxLength={500}
              data-autofocus
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
            />
            <FormEnd
              save={release}
              label={t("attachments.release")}
              failed={t("attachments.notReleased")}
              onCancel={() => setAsking(false)}
            />
          </Stack>
        </form>
      </Modal>
    </>
  );
}
