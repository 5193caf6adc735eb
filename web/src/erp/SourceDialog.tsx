import { Button, Checkbox, Modal, NumberInput, PasswordInput, Select, Stack, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { Failure } from "../parts/Failure";
import { FormEnd } from "../parts/FormEnd";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { useIsNarrow } from "../parts/Panes";
import { DavFields } from "./DavFields";
import { COLUMNS, ERP_KINDS, type ErpBook, type ErpKind, type ErpSource, type ErpSourceRequest, type ErpSourceTried, type ErpSourceType } from "./queries";

/** What stands in a statement for the largest value so far. */
const MARK = { watermark: "{watermark}" };

const TYPES: readonly ErpSourceType[] = ["file", "postgres", "mysql", "carddav", "rest"];

interface Values {
  name: string;
  type: ErpSourceType;
  every_minutes: number;
  active: boolean;
  path: string;
  kind: ErpKind;
  map: string;
  partial: boolean;
  host: string;
  port: number;
  database: string;
  login: string;
  password: string;
  tls: boolean;
  timeout_seconds: number;
  contact: string;
  order: string;
  quote: string;
  item: string;
  watermark_start: string;
  url: string;
  books: readonly ErpBook[];
}

function initial(source: ErpSource | undefined): Values {
  const sql = source?.sql ?? undefined;
  const dav = source?.dav ?? undefined;
  const statement = (kind: ErpKind) => sql?.statements.find((one) => one.kind === kind);
  return {
    name: source?.name ?? "",
    type: source?.type ?? "file",
    every_minutes: source?.every_minutes ?? 60,
    active: source?.active ?? true,
    path: source?.file?.path ?? "",
    kind: source?.file?.kind ?? "contact",
    map: source?.file?.map ?? "",
    partial: source?.file?.partial ?? false,
    host: sql?.host ?? "",
    port: sql?.port ?? 5432,
    database: sql?.database ?? "",
    login: sql?.login ?? dav?.login ?? "",
    password: "",
    tls: sql?.tls ?? true,
    timeout_seconds: sql?.timeout_seconds ?? dav?.timeout_seconds ?? 600,
    contact: statement("contact")?.sql ?? "",
    order: statement("order")?.sql ?? "",
    quote: statement("quote")?.sql ?? "",
    item: statement("item")?.sql ?? "",
    watermark_start: sql?.statements[0]?.watermark_start ?? "",
    url: dav?.url ?? "",
    books: dav?.books ?? [],
  };
}

function asked(values: Values, before: ErpSource | undefined): ErpSourceRequest {
  const { name, type, every_minutes, active } = values;
  const database = type === "postgres" || type === "mysql";
  return {
    name,
    type,
    every_minutes,
    active,
    file:
      type === "file" ? { path: values.path, kind: values.kind, map: values.map, partial: values.partial } : null,
    sql: database
      ? {
          host: values.host,
          port: values.port,
          database: values.database,
          login: values.login,
          tls: values.tls,
          trust: before?.sql?.trust ?? "system",
          timeout_seconds: values.timeout_seconds,
          rows_max: before?.sql?.rows_max ?? 5_000_000,
          statements: ERP_KINDS.filter((kind) => values[kind].trim() !== "").map((kind) => ({
            kind,
            sql: values[kind],
            watermark_start: values.watermark_start,
          })),
        }
      : null,
    dav:
      type === "carddav"
        ? {
            url: values.url,
            login: values.login,
            trust: before?.dav?.trust ?? "system",
            books: [...values.books],
            timeout_seconds: values.timeout_seconds,
          }
        : null,
    ...((database || type === "carddav") && values.password !== "" ? { password: values.password } : {}),
  };
}

/** A new source, or settings of one; a trial without saving. */
export function SourceDialog({ source, folder, onClose }: { source: ErpSource | undefined; folder: string; onClose: () => void }) {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  const client = useQueryClient();
  const form = useForm({ initialValues: initial(source) });
  const { type } = form.values;
  const save = useMutation({
    mutationFn: async () => {
      const body = asked(form.values, source);
      await (source === undefined
        ? take(api.POST("/api/v1/erp/sources", { body }))
        : take(api.PUT("/api/v1/erp/sources/{source_id}", { params: { path: { source_id: source.id } }, body })));
    },
    onSuccess: async () => {
      onClose();
      await client.invalidateQueries({ queryKey: ["erp"] });
    },
  });
  const test = useMutation({
    mutationFn: () => {
      const body = { settings: asked(form.values, source), ...(source === undefined ? {} : { source: source.id }) };
      return take(api.POST("/api/v1/erp/sources/test", { body }));
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      fullScreen={narrow}
      title={source?.name ?? t("erp.add")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={form.onSubmit(() => save.mutate())}>
        <Stack>
          <TextInput label={t("erp.name")} required {...form.getInputProps("name")} />
          <Select
            label={t("erp.type")}
            data={TYPES.map((one) => ({ value: one, label: t(`erp.types.${one}`) }))}
            allowDeselect={false}
            disabled={source !== undefined}
            value={type}
            onChange={(value) => {
              const chosen = value ?? "file";
              form.setValues({ type: chosen, port: chosen === "mysql" ? 3306 : 5432 });
            }}
          />
          {type === "file" ? (
            <>
              <TextInput label={t("erp.path")} description={t("erp.pathWhat", { folder })} required {...form.getInputProps("path")} />
              <Select
                label={t("erp.kind")}
                data={ERP_KINDS.map((one) => ({ value: one, label: t(`erp.kinds.${one}`) }))}
                allowDeselect={false}
                {...form.getInputProps("kind")}
              />
              <Textarea
                label={t("erp.map")}
                description={t("erp.mapWhat", { columns: COLUMNS[form.values.kind].join(", ") })}
                autosize
                minRows={2}
                {...form.getInputProps("map")}
              />
              <Checkbox label={t("erp.partial")} {...form.getInputProps("partial", { type: "checkbox" })} />
            </>
          ) : null}
          {type === "postgres" || type === "mysql" ? (
            <>
              <TextInput label={t("erp.host")} required {...form.getInputProps("host")} />
              <NumberInput label={t("erp.port")} required min={1} max={65535} {...form.getInputProps("port")} />
              <TextInput label={t("erp.database")} required {...form.getInputProps("database")} />
              <TextInput label={t("erp.login")} description={t("erp.loginWhat")} required autoComplete="off" {...form.getInputProps("login")} />
              <PasswordInput
                label={t("erp.password")}
                description={source?.password_set === true ? t("erp.passwordKept") : undefined}
                autoComplete="new-password"
                {...form.getInputProps("password")}
              />
              <Checkbox label={t("erp.tls")} {...form.getInputProps("tls", { type: "checkbox" })} />
              {ERP_KINDS.map((kind) => (
                <Textarea
                  key={kind}
                  label={t("erp.select", { kind: t(`erp.kinds.${kind}`) })}
                  description={t("erp.selectWhat", { columns: COLUMNS[kind].join(", ") })}
                  autosize
                  minRows={2}
                  {...form.getInputProps(kind)}
                />
              ))}
              <TextInput label={t("erp.watermark", MARK)} description={t("erp.watermarkWhat", MARK)} {...form.getInputProps("watermark_start")} />
              <NumberInput label={t("erp.timeout")} min={1} max={86400} {...form.getInputProps("timeout_seconds")} />
              <NumberInput label={t("erp.every")} description={t("erp.everyWhat")} min={0} {...form.getInputProps("every_minutes")} />
            </>
          ) : null}
          {type === "carddav" ? (
            <>
              <DavFields
                url={form.getInputProps("url")}
                login={form.getInputProps("login")}
                password={form.getInputProps("password")}
                passwordKept={source?.password_set === true}
                found={test.data?.books ?? []}
                chosen={form.values.books}
                onChoose={(books) => form.setFieldValue("books", books)}
              />
              <NumberInput label={t("erp.timeoutRun")} min={1} max={86400} {...form.getInputProps("timeout_seconds")} />
              <NumberInput label={t("erp.every")} description={t("erp.everyWhat")} min={0} {...form.getInputProps("every_minutes")} />
            </>
          ) : null}
          {type === "rest" ? <Notice tone="info">{t("erp.restWhat")}</Notice> : null}
          <Checkbox label={t("erp.active")} {...form.getInputProps("active", { type: "checkbox" })} />
          {test.error === null ? null : <Failure error={test.error} what={t("erp.notTried")} />}
          {test.data === undefined ? null : <Tried tried={test.data} />}
          <FormEnd save={save} label={t("erp.save")} failed={t("erp.notSaved")} onCancel={onClose}>
            {type === "rest" ? null : (
              <Button variant="default" loading={test.isPending} onClick={() => test.mutate()}>
                {t("erp.test")}
              </Button>
            )}
          </FormEnd>
        </Stack>
      </form>
    </Modal>
  );
}

function Tried({ tried }: { tried: ErpSourceTried }) {
  const { t } = useTranslation();
  return (
    <section aria-label={t("erp.tried")}>
      <Notice tone={tried.ok ? "ok" : "danger"} title={t(tried.ok ? "erp.triedWell" : "erp.triedBadly")} live>
        {tried.error}
      </Notice>
      {tried.may_write ? <Notice tone="warn">{t("erp.mayWrite")}</Notice> : null}
      {tried.unprotected ? <Notice tone="warn">{t("erp.unprotected")}</Notice> : null}
      {tried.statements.map((one) => (
        <div key={`${one.kind} ${one.columns.join(" ")}`}>
          <h3>{t(`erp.kinds.${one.kind as ErpKind}`)}</h3>
          {one.error === null ? null : <p>{one.error}</p>}
          {one.columns.length === 0 ? null : <p className={page.dimmed}>{one.columns.join(", ")}</p>}
          <ul>
            {one.rows.map((row) => (
              <li key={row.join("\u0000")}>{row.join(" · ")}</li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}
