import { Button, Group, Modal, Stack } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import type { User } from "../api/types";
import { Failure } from "../parts/Failure";
import { tell } from "../parts/toast";

/** Asks, because it cannot be undone. */
export function RemoveUser({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => done(api.DELETE("/api/v1/users/{user_id}", { params: { path: { user_id: user.id } } })),
    onSuccess: async () => {
      onClose();
      tell(t("users.removed", { name: user.name }));
      await client.invalidateQueries({ queryKey: ["users"] });
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("users.removeTitle", { name: user.name })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Stack>
        <div>{t("users.removeMeans")}</div>
        {remove.error === null ? null : <Failure error={remove.error} what={t("users.notRemoved")} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t("form.cancel")}
          </Button>
          <Button color="red.8" loading={remove.isPending} onClick={() => remove.mutate()}>
            {t("users.remove")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
