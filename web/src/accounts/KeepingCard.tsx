import { Button, NumberInput, Select, Stack, Switch, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import type { Account, Keeping } from "../api/types";
import { useFormats } from "../lang/format";
import { Failure } from "../parts/Failure";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { tell } from "../parts/toast";

const FETCHED = ["leave", "mark_read", "move"] as const;
const DELETED = ["never", "at_once", "later"] as const;
const DAYS = 90;

/** What stays in the mailbox itself once it is here, and for how long. As long as nobody chooses, everything does. */
export function KeepingCard({ account }: { account: Account }) {
  const { t } = useTranslation();
  const key = ["accounts", account.id, "keeping"];
  const params = { path: { account_id: account.id } };
  const { data, error, refetch } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => take(api.GET("/api/v1/accounts/{account_id}/keeping", { params, signal })),
  });
  if (error !== null) {
    return <Failure error={error} what={t("accounts.keepingFailed")} retry={() => void refetch()} />;
  }
  return data === undefined ? null : <Form key={JSON.stringify(data)} account={account} kept={data} />;
}

function Form({ account, kept }: { account: Account; kept: Keeping }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [form, setForm] = useState(kept);
  const change = (with_: Partial<Keeping>) => setForm({ ...form, ...with_ });
  const save = useMutation({
    mutationFn: () =>
      take(
        api.PUT("/api/v1/accounts/{account_id}/keeping", { params: { path: { account_id: account.id } }, body: form }),
      ),
    onSuccess: async () => {
      tell(t("accounts.keepingSaved"));
      await client.invalidateQueries({ queryKey: ["accounts", account.id, "keeping"] });
    },
  });
  const days = form.delete_after_days ?? null;
  const deleted = days === null ? "never" : days === 0 ? "at_once" : "later";
  return (
    <form
      className={page.card}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <div className={page.cardHead}>
        <h2>{t("accounts.keeping")}</h2>
      </div>
      <p className={page.lead}>{t("accounts.keepingWhat")}</p>
      <Stack>
        {account.kind === "pop3" ? null : <Folders form={form} change={change} />}
        <Select
          label={t("accounts.deleted")}
          description={t(account.kind === "pop3" ? "accounts.deletedWhatPop3" : "accounts.deletedWhat")}
          allowDeselect={false}
          data={DELETED.map((value) => ({ value, label: t(`accounts.deletedWhen.${value}`) }))}
          value={deleted}
          onChange={(value) => change({ delete_after_days: value === "never" ? null : value === "later" ? DAYS : 0 })}
        />
        {deleted === "later" ? (
          <NumberInput
            label={t("accounts.deletedDays")}
            min={1}
            max={36_500}
            allowDecimal={false}
            value={days ?? DAYS}
            onChange={(value) => change({ delete_after_days: typeof value === "number" && value > 0 ? value : DAYS })}
          />
        ) : null}
        <Switch
          label={t("accounts.deleteThere")}
          description={t(account.kind === "imap" ? "accounts.deleteThereWhatImap" : account.kind === "pop3" ? "accounts.deleteThereWhatPop3" : "accounts.deleteThereWhat")}
          checked={form.delete_there}
          onChange={(event) => change({ delete_there: event.currentTarget.checked })}
        />
        {days === null || days === kept.delete_after_days ? null : <Meaning account={account} days={days} />}
      </Stack>
      {save.error === null ? null : <Failure error={save.error} what={t("accounts.notSaved")} />}
      <div className={`${page.row} ${page.spaced}`}>
        <Button type="submit" loading={save.isPending}>
          {t("accounts.keepingSave")}
        </Button>
      </div>
    </form>
  );
}

/** Needs folders and marks, which POP3 does not have. */
function Folders({ form, change }: { form: Keeping; change: (with_: Partial<Keeping>) => void }) {
  const { t } = useTranslation();
  return (
    <>
      <Select
        label={t("accounts.fetched")}
        description={t("accounts.fetchedWhat")}
        allowDeselect={false}
        data={FETCHED.map((value) => ({ value, label: t(`accounts.handledHow.${value}`) }))}
        value={form.fetched}
        onChange={(value) => change({ fetched: FETCHED.find((known) => known === value) ?? "leave" })}
      />
      {form.fetched === "move" ? (
        <TextInput
          label={t("accounts.fetchedFolder")}
          description={t("accounts.folderWhat")}
          maxLength={200}
          required
          value={form.fetched_folder ?? ""}
          onChange={(event) => change({ fetched_folder: event.currentTarget.value })}
        />
      ) : null}
      <TextInput
        label={t("accounts.failedFolder")}
        description={t("accounts.failedFolderWhat")}
        maxLength={200}
        value={form.failed_folder ?? ""}
        onChange={(event) => change({ failed_folder: event.currentTarget.value })}
      />
    </>
  );
}

/** How many mails would go at once: nobody should learn that afterwards. */
function Meaning({ account, days }: { account: Account; days: number }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { data } = useQuery({
    queryKey: ["accounts", account.id, "deletable", days],
    queryFn: ({ signal }) =>
      take(
        api.GET("/api/v1/accounts/{account_id}/keeping/deletable", {
          params: { path: { account_id: account.id }, query: { days } },
          signal,
        }),
      ),
  });
  return data === undefined ? null : (
    <Notice tone="warn">{t("accounts.deletedMeans", { count: data.mails, mails: number(data.mails) })}</Notice>
  );
}
