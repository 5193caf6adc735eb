import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import type { Account } from "../api/types";
import { useFormats } from "../lang/format";
import { Failure } from "../parts/Failure";
import { Notice } from "../parts/Notice";
import { tell } from "../parts/toast";

/** Removal in two steps: what it means, then the name. */
export function RemoveDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [step, setStep] = useState<1 | 2>(1);
  const [typed, setTyped] = useState("");
  const remove = useMutation({
    mutationFn: () =>
      done(
        api.DELETE("/api/v1/accounts/{account_id}", {
          params: { path: { account_id: account.id } },
          body: { confirm: account.name },
        }),
      ),
    onSuccess: async () => {
      tell(t("accounts.removed", { name: account.name }));
      await navigate({ to: "/settings/accounts" });
      client.removeQueries({ queryKey: ["accounts", account.id] });
      await client.invalidateQueries({ queryKey: ["accounts"], exact: true });
      await client.refetchQueries({ queryKey: ["session"] });
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("accounts.removeTitle", { name: account.name })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      {step === 1 ? (
        <Stack>
          <Notice tone="warn">
            {t("accounts.removeMeans", { count: account.mails ?? 0, shown: number(account.mails ?? 0) })}
          </Notice>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose} data-autofocus>
              {t("form.cancel")}
            </Button>
            <Button color="red.8" onClick={() => setStep(2)}>
              {t("accounts.removeNext")}
            </Button>
          </Group>
        </Stack>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            remove.mutate();
          }}
        >
          <Stack>
            <TextInput
              autoFocus
              label={t("accounts.removeConfirm", { name: account.name })}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              autoComplete="off"
            />
            {remove.error === null ? null : <Failure error={remove.error} what={t("accounts.notRemoved")} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                {t("form.cancel")}
              </Button>
              <Button type="submit" color="red.8" disabled={typed.trim() !== account.name} loading={remove.isPending}>
                {t("accounts.removeNow")}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
