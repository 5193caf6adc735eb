import { Button, Checkbox, Modal, MultiSelect, Select, Stack, TagsInput, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done, take } from "../api/client";
import { useSession } from "../api/session";
import type { Kind, RetentionRule, RetentionState } from "../api/types";
import { useFormats } from "../lang/format";
import { EditRemove } from "../parts/EditRemove";
import { Failure } from "../parts/Failure";
import { FormEnd } from "../parts/FormEnd";
import { KINDS } from "../parts/kinds";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { useIsNarrow } from "../parts/Panes";
import { RemoveDialog } from "../parts/RemoveDialog";
import { tell } from "../parts/toast";
import { tagsQuery } from "../tags/queries";
import { useRetentionWords } from "./words";

const RECORDS = ["contact", "order", "quote", "item"] as const;

/** Rules that give classes, and what they would do with mails that are here. */
export function RulesCard({ state }: { state: RetentionState }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const client = useQueryClient();
  const { name } = useRetentionWords();
  const [edited, setEdited] = useState<RetentionRule | "new">();
  const [removed, setRemoved] = useState<RetentionRule>();
  const preview = useMutation({ mutationFn: () => take(api.POST("/api/v1/retention/rules/preview")) });
  const apply = useMutation({
    mutationFn: () => done(api.POST("/api/v1/retention/rules/apply")),
    onSuccess: async () => {
      preview.reset();
      tell(t("retention.applies"));
      await client.invalidateQueries({ queryKey: ["retention"] });
    },
  });
  const count = (rule: number) => preview.data?.rules.find((one) => one.rule === rule)?.mails ?? 0;
  const failed = preview.error ?? apply.error;
  return (
    <section className={page.card} aria-label={t("retention.rules")}>
      <div className={page.cardHead}>
        <h2>{t("retention.rules")}</h2>
        <span className={`${page.row} ${page.end}`}>
          <Button size="xs" variant="default" onClick={() => setEdited("new")}>
            {t("retention.addRule")}
          </Button>
        </span>
      </div>
      <p className={page.lead}>{t("retention.rulesWhat")}</p>
      {state.rules.length === 0 ? <p className={page.dimmed}>{t("retention.rulesNone")}</p> : null}
      <ul className={page.stack} aria-label={t("retention.rules")}>
        {state.rules.map((rule) => (
          <li key={rule.key} className={page.cardHead}>
            <span>
              <strong>{rule.name}</strong> → {name(state.classes.find(({ key }) => key === rule.class))}
              {preview.data === undefined ? null : (
                <div className={page.dimmed}>{t("retention.would", { count: count(rule.key) })}</div>
              )}
            </span>
            <EditRemove
              edit={t("retention.editNamed", { name: rule.name })}
              remove={t("retention.removeNamed", { name: rule.name })}
              onEdit={() => setEdited(rule)}
              onRemove={() => setRemoved(rule)}
            />
          </li>
        ))}
      </ul>
      {failed === null ? null : <Failure error={failed} what={t("retention.notApplied")} />}
      {preview.data === undefined ? null : (
        <Notice tone="info" live>
          {t(preview.data.more ? "retention.lookedSome" : "retention.looked", { count: preview.data.looked, number: number(preview.data.looked) })}
        </Notice>
      )}
      {state.rules.length === 0 ? null : (
        <div className={`${page.row} ${page.spaced}`}>
          <Button variant="default" loading={preview.isPending} onClick={() => preview.mutate()}>
            {t("retention.preview")}
          </Button>
          <Button variant="default" loading={apply.isPending} onClick={() => apply.mutate()}>
            {t("retention.apply")}
          </Button>
        </div>
      )}
      {edited === undefined ? null : (
        <RuleDialog state={state} known={edited === "new" ? undefined : edited} onClose={() => setEdited(undefined)} />
      )}
      {removed === undefined ? null : (
        <RemoveDialog
          title={t("retention.removeNamed", { name: removed.name })}
          means={t("retention.removeRuleMeans")}
          label={t("common.remove")}
          failed={t("retention.notRemoved")}
          remove={() => done(api.DELETE("/api/v1/retention/rules/{key}", { params: { path: { key: String(removed.key) } } }))}
          onRemoved={() => client.invalidateQueries({ queryKey: ["retention"] })}
          onClose={() => setRemoved(undefined)}
        />
      )}
    </section>
  );
}

interface RuleDialogProps {
  state: RetentionState;
  known: RetentionRule | undefined;
  onClose: () => void;
}

function RuleDialog({ state, known, onClose }: RuleDialogProps) {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  const client = useQueryClient();
  const { accounts } = useSession();
  const tags = useQuery(tagsQuery).data ?? [];
  const { name } = useRetentionWords();
  const of = known?.conditions;
  const form = useForm({
    initialValues: {
      name: known?.name ?? "",
      class: String(known?.class ?? state.classes[0]?.key ?? ""),
      kinds: of?.kinds ?? [],
      tags: of?.tags.map(String) ?? [],
      accounts: of?.accounts ?? [],
      records: of?.records ?? [],
      senders: of?.senders ?? [],
      invoice: of?.invoice ?? false,
    },
    validate: { name: (value) => (value.trim() === "" ? t("form.required") : null) },
  });
  const save = useMutation({
    mutationFn: ({ name: typed, class: of_class, tags: keys, ...rest }: typeof form.values) => {
      const body = { name: typed, class: Number(of_class), conditions: { ...rest, tags: keys.map(Number) } };
      return known === undefined
        ? take(api.POST("/api/v1/retention/rules", { body }))
        : take(api.PUT("/api/v1/retention/rules/{key}", { params: { path: { key: String(known.key) } }, body }));
    },
    onSuccess: async () => {
      onClose();
      tell(t("retention.saved"));
      await client.invalidateQueries({ queryKey: ["retention"] });
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      fullScreen={narrow}
      title={known === undefined ? t("retention.addRule") : known.name}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <Stack>
          <TextInput label={t("form.name")} autoComplete="off" data-autofocus {...form.getInputProps("name")} />
          <Select
            label={t("retention.class")}
            allowDeselect={false}
            data={state.classes.map((one) => ({ value: String(one.key), label: name(one) }))}
            {...form.getInputProps("class")}
          />
          <p className={page.dimmed}>{t("retention.conditionsWhat")}</p>
          <Checkbox
            label={t("retention.ifInvoice")}
            {...form.getInputProps("invoice", { type: "checkbox" })}
          />
          <TagsInput
            label={t("retention.ifSenders")}
            description={t("retention.ifSendersWhat")}
            acceptValueOnBlur
            {...form.getInputProps("senders")}
          />
          <MultiSelect
            label={t("retention.ifKinds")}
            data={(Object.keys(KINDS) as Kind[]).map((kind) => ({ value: kind, label: t(`kinds.${kind}`) }))}
            clearable
            {...form.getInputProps("kinds")}
          />
          <MultiSelect
            label={t("retention.ifTags")}
            data={tags.map((tag) => ({ value: String(tag.key), label: tag.name }))}
            searchable
            clearable
            {...form.getInputProps("tags")}
          />
          <MultiSelect
            label={t("retention.ifAccounts")}
            data={accounts.map((account) => ({ value: account.id, label: account.name }))}
            searchable
            clearable
            {...form.getInputProps("accounts")}
          />
          <MultiSelect
            label={t("retention.ifRecords")}
            data={RECORDS.map((kind) => ({ value: kind, label: t(`retention.record.${kind}`) }))}
            clearable
            {...form.getInputProps("records")}
          />
          <FormEnd save={save} label={t("form.save")} failed={t("retention.notSaved")} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
