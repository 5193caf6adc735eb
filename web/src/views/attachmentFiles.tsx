import { Button, Checkbox, Group, MultiSelect, NumberInput, Radio, Select, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done, take } from "../api/client";
import { accountsQuery } from "../api/queries";
import type { components } from "../api/schema";
import { useMayAdminister } from "../api/session";
import { useFormats } from "../lang/format";
import { LANGUAGES } from "../lang/language";
import { AdminPage } from "../parts/AdminPage";
import { Failure } from "../parts/Failure";
import { FormEnd } from "../parts/FormEnd";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PlainLink } from "../parts/PlainLink";
import { tell } from "../parts/toast";

type State = components["schemas"]["AttachmentFiles"];
type Settings = components["schemas"]["AttachmentFileSettings"];
type FileState = components["schemas"]["AttachmentFileState"];

const KINDS = ["image", "pdf", "document", "archive", "other"] as const;
const LISTED = ["failed", "held", "changed", "deleted", "written"] as const;
/** Reasons there is a sentence for; the system's own words stand behind the first colon. */
const REASONS = ["full", "denied", "read_only", "missing", "name", "no_folder", "too_large", "unreadable", "names"] as const;

const filesQuery = queryOptions({
  queryKey: ["attachment-files"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/attachment-files", { signal })),
  refetchInterval: 10_000,
});

const listQuery = (state: FileState) =>
  queryOptions({
    queryKey: ["attachment-files", "list", state],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/attachment-files/list", { params: { query: { state, limit: 20 } }, signal })),
  });

/** Attachments as files in a folder of the server. */
export function AttachmentFiles() {
  const { t } = useTranslation();
  const query = useQuery({ ...filesQuery, enabled: useMayAdminister() });
  return (
    <AdminPage title={t("files.title")} lead={t("files.lead")} of={query} failed={t("files.notLoaded")}>
      {query.data === undefined ? null : (
        <div className={page.stack}>
          <Health state={query.data} />
          <SettingsForm state={query.data} />
          <List state={query.data} />
        </div>
      )}
    </AdminPage>
  );
}

/** What went wrong, in words, and in those of the system. */
function useReason() {
  const { t } = useTranslation();
  return (text: string) => {
    const word = REASONS.find((reason) => text.startsWith(`${reason}:`));
    return word === undefined ? text.replace(/^other: /, "") : t(`files.reasons.${word}`);
  };
}

function Health({ state }: { state: State }) {
  const { t } = useTranslation();
  const { number, shortDate } = useFormats();
  const reason = useReason();
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: () => done(api.POST("/api/v1/attachment-files/again")),
    onSuccess: () => {
      tell(t("files.againAsked"));
      return client.invalidateQueries({ queryKey: ["attachment-files"] });
    },
  });
  const waiting = state.waiting > 0 || state.backfill;
  return (
    <section className={page.card} aria-label={t("files.state")}>
      <h2>{t("files.state")}</h2>
      {!state.settings.active ? (
        <Notice tone="info">{t("files.off")}</Notice>
      ) : state.last_error !== null ? (
        <Notice tone="warn" title={t("files.trouble", { when: shortDate(state.last_error.since) })}>
          {reason(state.last_error.text)} {t("files.catchesUp")}
        </Notice>
      ) : waiting ? (
        <Notice tone="info">{t("files.writing")}</Notice>
      ) : (
        <Notice tone="ok">{t("files.well")}</Notice>
      )}
      {state.to_remove > 0 ? (
        <Notice tone="warn">{t("files.toRemove", { count: state.to_remove, shown: number(state.to_remove) })}</Notice>
      ) : null}
      <dl className={page.facts}>
        <dt>{t("files.states.written")}</dt>
        <dd>{number(state.written)}</dd>
        <dt>{t("files.waiting")}</dt>
        <dd>{state.waiting >= 10_000 ? t("files.many", { shown: number(state.waiting) }) : number(state.waiting)}</dd>
        <dt>{t("files.states.held")}</dt>
        <dd>{number(state.held)}</dd>
        <dt>{t("files.states.failed")}</dt>
        <dd>{number(state.failed)}</dd>
        {state.last_success === null ? null : (
          <>
            <dt>{t("files.lastSuccess")}</dt>
            <dd>{shortDate(state.last_success)}</dd>
          </>
        )}
      </dl>
      {again.error === null ? null : <Failure error={again.error} what={t("files.notAgain")} />}
      {state.settings.active ? (
        <Group justify="flex-end" mt="sm">
          <Button variant="default" loading={again.isPending} onClick={() => again.mutate()}>
            {t("files.again")}
          </Button>
        </Group>
      ) : null}
    </section>
  );
}

function SettingsForm({ state }: { state: State }) {
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const { octets } = useFormats();
  const accounts = useQuery(accountsQuery).data ?? [];
  const { settings } = state;
  const isNew = settings.folder === "";
  const form = useForm({
    initialValues: {
      active: settings.active,
      folder: settings.folder,
      pattern: settings.pattern,
      accounts: settings.accounts,
      kinds: settings.kinds,
      kilooctets: Math.floor(settings.octets_min / 1000),
      inline: settings.inline,
      all: settings.all ? "all" : "new",
      language: isNew ? (i18n.language.startsWith("de") ? "de" : "en") : settings.language,
    },
  });
  const request = (): Settings => {
    const { values } = form;
    return {
      active: values.active,
      folder: values.folder,
      pattern: values.pattern,
      accounts: values.accounts,
      kinds: values.kinds,
      octets_min: values.kilooctets * 1000,
      inline: values.inline,
      all: values.all === "all",
      language: values.language === "de" ? "de" : "en",
    };
  };
  const save = useMutation({
    mutationFn: () => take(api.PUT("/api/v1/attachment-files", { body: request() })),
    onSuccess: async (saved) => {
      client.setQueryData(filesQuery.queryKey, saved);
      form.setFieldValue("folder", saved.settings.folder);
      tell(saved.settings.active ? t("files.savedOn") : t("files.savedOff"));
      await client.invalidateQueries({ queryKey: ["attachment-files", "list"] });
    },
  });
  return (
    <form className={page.card} aria-label={t("files.settings")} onSubmit={form.onSubmit(() => save.mutate())}>
      <h2>{t("files.settings")}</h2>
      <Stack>
        <Checkbox label={t("files.active")} {...form.getInputProps("active", { type: "checkbox" })} />
        <TextInput
          label={t("files.folder")}
          description={t("files.folderWhat")}
          placeholder="/srv/anhaenge"
          required={form.values.active}
          {...form.getInputProps("folder")}
        />
        <div>
          <TextInput
            label={t("files.pattern")}
            description={t("files.patternWhat")}
            required
            spellCheck={false}
            {...form.getInputProps("pattern")}
          />
          <Group gap={6} mt={8} aria-label={t("files.placeholders")} role="group">
            {state.placeholders.map((word) => (
              <Button
                key={word}
                size="compact-sm"
                variant="default"
                className={page.mono}
                title={t(`files.fields.${word}` as "files.fields.name")}
                aria-label={t("files.insert", { word: `{${word}}`, what: t(`files.fields.${word}` as "files.fields.name") })}
                onClick={() => form.setFieldValue("pattern", inserted(form.values.pattern, word))}
              >{`{${word}}`}</Button>
            ))}
          </Group>
        </div>
        <Examples request={request()} />
        <MultiSelect
          label={t("files.accounts")}
          placeholder={form.values.accounts.length === 0 ? t("files.allAccounts") : undefined}
          data={accounts.map(({ id, name }) => ({ value: id, label: name }))}
          searchable
          clearable
          {...form.getInputProps("accounts")}
        />
        <MultiSelect
          label={t("files.kinds")}
          placeholder={form.values.kinds.length === 0 ? t("files.allKinds") : undefined}
          data={KINDS.map((value) => ({ value, label: t(`media.kinds.${value}`) }))}
          clearable
          {...form.getInputProps("kinds")}
        />
        <Group grow preventGrowOverflow={false} align="flex-start">
          <NumberInput
            label={t("files.octetsMin")}
            description={form.values.kilooctets > 0 ? t("files.octetsMinWhat", { size: octets(form.values.kilooctets * 1000) }) : t("files.octetsAny")}
            min={0}
            max={1_000_000_000}
            allowDecimal={false}
            {...form.getInputProps("kilooctets")}
          />
          <Select
            label={t("files.language")}
            description={t("files.languageWhat")}
            allowDeselect={false}
            data={LANGUAGES.map((value) => ({ value, label: t(`files.languages.${value}`) }))}
            {...form.getInputProps("language")}
          />
        </Group>
        <Checkbox label={t("files.inline")} {...form.getInputProps("inline", { type: "checkbox" })} />
        <Radio.Group label={t("files.since")} {...form.getInputProps("all")}>
          <Stack gap={6} mt={6}>
            <Radio value="new" label={t("files.sinceNow")} />
            <Radio value="all" label={t("files.sinceEver")} />
          </Stack>
        </Radio.Group>
        <FormEnd save={save} label={t("form.save")} failed={t("files.notSaved")} />
      </Stack>
    </form>
  );
}

/** A placeholder before the name of the file, as a folder of its own. */
function inserted(pattern: string, word: string): string {
  const at = pattern.lastIndexOf("/");
  return word === "name" || at < 0 ? `${pattern}{${word}}` : `${pattern.slice(0, at)}/{${word}}${pattern.slice(at)}`;
}

/** Where the newest attachments would go, while the pattern is typed. */
function Examples({ request }: { request: Settings }) {
  const { t } = useTranslation();
  const [wanted] = useDebouncedValue(JSON.stringify({ ...request, active: false, folder: "" }), 300);
  const query = useQuery({
    queryKey: ["attachment-files-preview", wanted],
    queryFn: ({ signal }) =>
      take(api.POST("/api/v1/attachment-files/preview", { body: JSON.parse(wanted) as Settings, signal })),
    placeholderData: keepPreviousData,
    retry: false,
  });
  if (query.error !== null) {
    return <Failure error={query.error} what={t("files.noExample")} />;
  }
  const examples = query.data?.examples ?? [];
  return (
    <section aria-label={t("files.examples")}>
      <strong>{examples[0]?.mail_id === null ? t("files.invented") : t("files.examples")}</strong>
      <ul className={page.scrollX}>
        {examples.map(({ mail_id, path }, at) => (
          <li key={`${String(at)} ${path}`} className={page.mono}>
            {mail_id === null ? path : <PlainLink to={`/m/${mail_id}`}>{path}</PlainLink>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The newest files of one state. */
function List({ state }: { state: State }) {
  const { t } = useTranslation();
  const { octets, shortDate } = useFormats();
  const reason = useReason();
  const [listed, setListed] = useState<(typeof LISTED)[number]>(() => LISTED.find((one) => state[one] > 0) ?? "written");
  const query = useQuery(listQuery(listed));
  const items = query.data?.items ?? [];
  return (
    <section className={page.card} aria-label={t("files.list")}>
      <h2>{t("files.list")}</h2>
      <Select
        label={t("files.listOf")}
        allowDeselect={false}
        data={LISTED.map((value) => ({ value, label: `${t(`files.states.${value}`)} (${String(state[value])})` }))}
        value={listed}
        onChange={(value) => setListed(LISTED.find((one) => one === value) ?? "written")}
      />
      {query.error === null ? null : <Failure error={query.error} what={t("files.notLoaded")} />}
      {query.data !== undefined && items.length === 0 ? <p className={page.dimmed}>{t("files.listEmpty")}</p> : null}
      <ul className={page.scrollX}>
        {items.map((item, at) => (
          <li key={`${String(at)} ${item.part}`} className={page.spaced}>
            {item.mail_id === null ? (
              <span className={page.dimmed}>{t("files.unreadable")}</span>
            ) : (
              <PlainLink to={`/m/${item.mail_id}`}>{item.path ?? t("files.noPath")}</PlainLink>
            )}
            <div className={page.dimmed}>
              {octets(item.octets)} · {shortDate(item.at)}
              {item.error === null ? "" : ` · ${reason(item.error)}`}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
