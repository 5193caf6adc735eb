import { Modal, NumberInput, Select, Stack, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import type { Account, AccountChanged } from "../api/types";
import { useFormats } from "../lang/format";
import { FormEnd } from "../parts/FormEnd";
import { Notice } from "../parts/Notice";
import { useIsNarrow } from "../parts/Panes";
import { tell } from "../parts/toast";
import css from "./accounts.module.css";
import { changeOf, commonOf, NOTHING, offeredTo, type Together } from "./together";

const ACTIVE = ["on", "off"] as const;
const ROLES = ["normal", "bounce", "archive"] as const;
const FETCHED = ["leave", "mark_read", "move"] as const;
const DELETED = ["never", "at_once", "later"] as const;

interface TogetherDialogProps {
  accounts: Account[];
  onClose: () => void;
}

/** Changes several accounts at once: what all of them can have, and only what is chosen here. */
export function TogetherDialog({ accounts: chosen, onClose }: TogetherDialogProps) {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  const client = useQueryClient();
  // As they were when it was opened: who vanishes meanwhile is to be named.
  const [accounts] = useState(chosen);
  const [form, setForm] = useState(NOTHING);
  const [refused, setRefused] = useState<AccountChanged[]>([]);
  const set = (with_: Partial<Together>) => setForm({ ...form, ...with_ });
  const change = changeOf(form);
  const folderMissing = form.fetched === "move" && form.folder.trim() === "";
  const save = useMutation({
    mutationFn: () =>
      take(api.PATCH("/api/v1/accounts", { body: { accounts: accounts.map(({ id }) => id), ...change } })),
    onSuccess: async ({ items }) => {
      const left = items.filter(({ problem }) => problem !== null);
      setRefused(left);
      await client.invalidateQueries({ queryKey: ["accounts"] });
      if (left.length === 0) {
        tell(t("accounts.together.saved", { count: items.length }));
        onClose();
      }
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      fullScreen={narrow}
      title={t("accounts.together.title", { count: accounts.length })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack>
          <div className={css.names}>{accounts.map(({ name }) => name).join(", ")}</div>
          <Choices accounts={accounts} form={form} set={set} />
          <Going accounts={accounts} form={form} />
          {refused.length === 0 ? null : <Refused accounts={accounts} items={refused} />}
          <FormEnd
            save={save}
            label={t("accounts.together.save", { count: accounts.length })}
            failed={t("accounts.together.notSaved")}
            disabled={Object.keys(change).length === 0 || folderMissing}
            onCancel={onClose}
          />
        </Stack>
      </form>
    </Modal>
  );
}

interface ChoicesProps {
  accounts: Account[];
  form: Together;
  set: (with_: Partial<Together>) => void;
}

function Choices({ accounts, form, set }: ChoicesProps) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { fetched, folders } = offeredTo(accounts);
  const common = commonOf(accounts);
  const now = (value: string | undefined) =>
    value === undefined ? t("accounts.together.differ") : t("accounts.together.now", { value });
  const minutes = common.pollSeconds === undefined ? undefined : common.pollSeconds / 60;
  return (
    <>
      {fetched ? null : <Notice tone="info">{t("accounts.together.onlyFiles")}</Notice>}
      {fetched && !folders ? <Notice tone="info">{t("accounts.together.noFolders")}</Notice> : null}
      {fetched ? (
        <>
          <Choice
            label={t("accounts.together.active")}
            description={now(common.active === undefined ? undefined : t(`accounts.together.actives.${common.active ? "on" : "off"}`))}
            values={ACTIVE}
            name={(value) => t(`accounts.together.actives.${value}`)}
            value={form.active}
            onChange={(active) => set({ active })}
          />
          <NumberInput
            label={t("accounts.poll")}
            description={now(minutes === undefined ? undefined : number(Math.round(minutes * 10) / 10))}
            placeholder={t("accounts.together.same")}
            min={0.2}
            max={1440}
            decimalScale={1}
            value={form.pollMinutes}
            onChange={(value) => set({ pollMinutes: typeof value === "number" ? value : "" })}
          />
        </>
      ) : null}
      <Choice
        label={t("accounts.role")}
        description={now(common.role === undefined ? undefined : t(`accounts.roles.${common.role}`))}
        values={ROLES}
        name={(value) => t(`accounts.roles.${value}`)}
        value={form.role}
        onChange={(role) => set({ role })}
      />
      {folders ? (
        <Choice
          label={t("accounts.fetched")}
          description={t("accounts.fetchedWhat")}
          values={FETCHED}
          name={(value) => t(`accounts.handledHow.${value}`)}
          value={form.fetched}
          onChange={(fetched) => set({ fetched })}
        />
      ) : null}
      {folders && form.fetched === "move" ? (
        <TextInput
          label={t("accounts.fetchedFolder")}
          description={t("accounts.folderWhat")}
          maxLength={200}
          required
          value={form.folder}
          onChange={(event) => set({ folder: event.currentTarget.value })}
        />
      ) : null}
      {fetched ? (
        <Choice
          label={t("accounts.deleted")}
          description={t("accounts.deletedWhat")}
          values={DELETED}
          name={(value) => t(`accounts.deletedWhen.${value}`)}
          value={form.deleted}
          onChange={(deleted) => set({ deleted })}
        />
      ) : null}
      {fetched && form.deleted === "later" ? (
        <NumberInput
          label={t("accounts.deletedDays")}
          min={1}
          max={36_500}
          allowDecimal={false}
          value={form.days}
          onChange={(value) => set({ days: typeof value === "number" && value > 0 ? value : NOTHING.days })}
        />
      ) : null}
      {fetched ? (
        <Choice
          label={t("accounts.deleteThere")}
          description={t("accounts.deleteThereWhatPop3")}
          values={ACTIVE}
          name={(value) => t(`accounts.deleteThereIs.${value}`)}
          value={form.deleteThere}
          onChange={(deleteThere) => set({ deleteThere })}
        />
      ) : null}
    </>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  description: string;
  values: readonly T[];
  name: (value: T) => string;
  value: T | "same";
  onChange: (value: T | "same") => void;
}

/** One of several values, or what each of them has. */
function Choice<T extends string>({ label, description, values, name, value, onChange }: ChoiceProps<T>) {
  const { t } = useTranslation();
  return (
    <Select
      label={label}
      description={description}
      allowDeselect={false}
      data={[
        { value: "same", label: t("accounts.together.same") },
        ...values.map((one) => ({ value: one, label: name(one) })),
      ]}
      value={value}
      onChange={(chosen) => onChange(values.find((one) => one === chosen) ?? "same")}
    />
  );
}

/** How many mails would go at once, of all of them together: nobody should learn that afterwards. */
function Going({ accounts, form }: { accounts: Account[]; form: Together }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const deletes = form.deleted === "at_once" || form.deleted === "later";
  const days = form.deleted === "at_once" ? 0 : form.days;
  const ids = accounts.map(({ id }) => id);
  const { data } = useQuery({
    queryKey: ["accounts", "deletable", days, ids],
    queryFn: ({ signal }) =>
      take(
        api.PATCH("/api/v1/accounts", { body: { accounts: ids, delete_after: { days }, dry_run: true }, signal }),
      ),
    enabled: deletes,
  });
  if (!deletes || data === undefined) {
    return null;
  }
  const mails = data.items.reduce((sum, { deletable }) => sum + (deletable ?? 0), 0);
  return <Notice tone="warn">{t("accounts.deletedMeans", { count: mails, mails: number(mails) })}</Notice>;
}

/** Each account that was not changed, with the reason; the others were. */
function Refused({ accounts, items }: { accounts: Account[]; items: AccountChanged[] }) {
  const { t } = useTranslation();
  const nameOf = (id: string) => accounts.find((account) => account.id === id)?.name;
  return (
    <Notice
      tone="danger"
      live
      title={t("accounts.together.someNot", { count: items.length, done: accounts.length - items.length })}
    >
      <ul className={css.refused}>
        {items.map(({ account, name, problem }) => (
          <li key={account}>
            <b>{name ?? nameOf(account)}</b>: {problem?.detail ?? problem?.title}
          </li>
        ))}
      </ul>
    </Notice>
  );
}
