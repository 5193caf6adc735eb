import { ActionIcon, Modal, Select, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconMailUp } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { accountsQuery } from "../api/queries";
import { useSession } from "../api/session";
import { useFormats } from "../lang/format";
import { FormEnd } from "../parts/FormEnd";
import { Notice } from "../parts/Notice";
import { useIsNarrow } from "../parts/Panes";
import { tell } from "../parts/toast";
import css from "../search/Search.module.css";

type Of = { mails: string[] } | { q: string };

/** The button that puts all hits of a search into a mailbox again. */
export function PutBackHits({ q, count }: { q: string; count: number }) {
  const { t } = useTranslation();
  const may = useSession().user.role !== "auditor";
  const [choosing, setChoosing] = useState(false);
  if (!may) {
    return null;
  }
  return (
    <>
      <ActionIcon
        variant="subtle"
        color="gray"
        className={css.touch}
        aria-label={t("putBack.hits")}
        title={t("putBack.hits")}
        onClick={() => setChoosing(true)}
      >
        <IconMailUp size={18} stroke={1.7} />
      </ActionIcon>
      {choosing ? <PutBack of={{ q }} count={count} onClose={() => setChoosing(false)} /> : null}
    </>
  );
}

/** Puts mails into a folder of a mailbox again. */
export function PutBack({ of, count, onClose }: { of: Of; count: number; onClose: () => void }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const narrow = useIsNarrow();
  const client = useQueryClient();
  const all = useQuery(accountsQuery).data;
  const accounts = all?.filter((account) => account.kind === "imap") ?? [];
  const form = useForm({
    initialValues: { account: null as string | null, folder: t("putBack.folderName") },
    validate: {
      account: (value) => (value === null ? t("form.required") : null),
      folder: (value) => (value.trim() === "" ? t("form.required") : null),
    },
  });
  const save = useMutation({
    mutationFn: ({ account, folder }: typeof form.values) =>
      take(api.POST("/api/v1/messages/put_back", { body: { mails: [], ...of, account: account ?? "", folder } })),
    onSuccess: async ({ count: put, waits_for_activation: waits }, { account }) => {
      onClose();
      tell(t(waits ? "putBack.waits" : "putBack.done", { count: put, shown: number(put) }));
      await client.invalidateQueries({ queryKey: ["accounts", account, "source_actions"] });
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      fullScreen={narrow}
      title={t("putBack.title", { count, shown: number(count) })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <Stack>
          <p>{t("putBack.lead")}</p>
          {all !== undefined && accounts.length === 0 ? <Notice tone="warn">{t("putBack.noAccount")}</Notice> : null}
          <Select
            label={t("putBack.account")}
            data={accounts.map((account) => ({ value: account.id, label: account.name }))}
            {...form.getInputProps("account")}
          />
          <TextInput
            label={t("putBack.folder")}
            description={t("accounts.folderWhat")}
            maxLength={500}
            autoComplete="off"
            {...form.getInputProps("folder")}
          />
          <FormEnd save={save} label={t("putBack.button")} failed={t("putBack.failed")} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
