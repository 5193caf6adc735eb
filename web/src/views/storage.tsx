import { Checkbox, Group, PasswordInput, Select, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { TestPanel } from "../accounts/TestPanel";
import { api, done, take } from "../api/client";
import type { components } from "../api/schema";
import { useMayAdminister } from "../api/session";
import { useFormats } from "../lang/format";
import { AdminPage } from "../parts/AdminPage";
import { FormEnd } from "../parts/FormEnd";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { RemoveDialog } from "../parts/RemoveDialog";
import { tell } from "../parts/toast";
import { TrustValue } from "../parts/TrustValue";

type State = components["schemas"]["StorageState"];
type Remote = components["schemas"]["RemoteStorage"];
type Request = components["schemas"]["RemoteStorageRequest"];
type Lock = components["schemas"]["ObjectLock"];

const TRUSTS = ["system", "ca_pem", "pin_sha256"] as const;
const STEPS = ["bucket", "write", "lock"] as const;

const storageQuery = queryOptions({
  queryKey: ["storage"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/storage", { signal })),
  refetchInterval: 10_000,
});

/** Where sealed segments lie: protected here, and in a store besides this machine. */
export function Storage() {
  const { t } = useTranslation();
  const query = useQuery({ ...storageQuery, enabled: useMayAdminister() });
  return (
    <AdminPage title={t("storage.title")} lead={t("storage.lead")} of={query} failed={t("storage.failed")}>
      {query.data === undefined ? null : (
        <div className={page.stack}>
          <Health state={query.data} />
          <Settings remote={query.data.remote} />
        </div>
      )}
    </AdminPage>
  );
}

function Health({ state: { segments, remote } }: { state: State }) {
  const { t } = useTranslation();
  const { number, octets, shortDate } = useFormats();
  return (
    <section className={page.card} aria-label={t("storage.state")}>
      <h2>{t("storage.state")}</h2>
      {remote === null ? (
        <Notice tone="info">{t("storage.none")}</Notice>
      ) : remote.last_error !== null ? (
        <Notice tone="warn" title={t("storage.trouble", { when: shortDate(remote.last_error.since) })}>
          {remote.last_error.text}
        </Notice>
      ) : !remote.active ? (
        <Notice tone="info">{t("storage.off")}</Notice>
      ) : remote.waiting > 0 ? (
        <Notice tone="info">{t("storage.sending", { count: remote.waiting, shown: number(remote.waiting) })}</Notice>
      ) : (
        <Notice tone="ok">{t("storage.well")}</Notice>
      )}
      <dl className={page.facts}>
        <dt>{t("storage.sealed")}</dt>
        <dd>{number(segments.sealed)}</dd>
        <dt>{t("storage.readOnly")}</dt>
        <dd>{t("storage.ofAll", { some: number(segments.read_only), all: number(segments.sealed) })}</dd>
        <dt>{t("storage.immutable")}</dt>
        <dd>{t("storage.ofAll", { some: number(segments.immutable), all: number(segments.sealed) })}</dd>
        {remote === null ? null : (
          <>
            <dt>{t("storage.sent")}</dt>
            <dd>{t("storage.sentWhat", { segments: number(remote.sent), size: octets(remote.sent_octets) })}</dd>
            <dt>{t("storage.waiting")}</dt>
            <dd>
              {remote.waiting_since === null
                ? number(remote.waiting)
                : t("storage.since", { waiting: number(remote.waiting), when: shortDate(remote.waiting_since) })}
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}

function Settings({ remote }: { remote: Remote | null }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [removing, setRemoving] = useState(false);
  const trust = remote?.trust ?? "system";
  const form = useForm({
    initialValues: {
      endpoint: remote?.endpoint ?? "",
      region: remote?.region ?? "",
      bucket: remote?.bucket ?? "",
      prefix: remote?.prefix ?? "",
      pathStyle: remote?.path_style ?? true,
      accessKey: remote?.access_key ?? "",
      secret: "",
      trust: trust === "system" ? "system" : "ca_pem" in trust ? "ca_pem" : "pin_sha256",
      trustValue: trust === "system" ? "" : "ca_pem" in trust ? trust.ca_pem : trust.pin_sha256,
      active: remote?.active ?? true,
    },
  });
  const request = (): Request => {
    const { values } = form;
    return {
      endpoint: values.endpoint,
      region: values.region,
      bucket: values.bucket,
      prefix: values.prefix,
      path_style: values.pathStyle,
      access_key: values.accessKey,
      ...(values.secret === "" ? {} : { secret: values.secret }),
      trust:
        values.trust === "system"
          ? "system"
          : values.trust === "ca_pem"
            ? { ca_pem: values.trustValue }
            : { pin_sha256: values.trustValue },
      active: values.active,
    };
  };
  const save = useMutation({
    mutationFn: () => take(api.PUT("/api/v1/storage/remote", { body: request() })),
    onSuccess: (saved) => {
      client.setQueryData(storageQuery.queryKey, saved);
      form.setFieldValue("secret", "");
      tell(t("storage.saved"));
    },
  });
  const test = useMutation({
    mutationFn: () => take(api.POST("/api/v1/storage/remote/test", { body: request() })),
  });
  const answer = test.data === undefined ? undefined : { ...test.data, mailboxes: [] };
  return (
    <form className={page.card} aria-label={t("storage.remote")} onSubmit={form.onSubmit(() => save.mutate())}>
      <h2>{t("storage.remote")}</h2>
      <p className={page.dimmed}>{t("storage.remoteWhat")}</p>
      <Stack>
        <TextInput
          label={t("storage.endpoint")}
          description={t("storage.endpointWhat")}
          placeholder="https://s3.eu-central-1.amazonaws.com"
          required
          {...form.getInputProps("endpoint")}
        />
        <Group grow preventGrowOverflow={false} align="flex-start">
          <TextInput label={t("storage.bucket")} required {...form.getInputProps("bucket")} />
          <TextInput label={t("storage.prefix")} {...form.getInputProps("prefix")} />
          <TextInput label={t("storage.region")} placeholder="us-east-1" {...form.getInputProps("region")} />
        </Group>
        <Checkbox label={t("storage.pathStyle")} {...form.getInputProps("pathStyle", { type: "checkbox" })} />
        <TextInput label={t("storage.accessKey")} required autoComplete="off" {...form.getInputProps("accessKey")} />
        <PasswordInput
          label={t("storage.secret")}
          description={remote === null ? undefined : t("storage.secretKept")}
          autoComplete="new-password"
          required={remote === null}
          {...form.getInputProps("secret")}
        />
        <Select
          label={t("sending.trust")}
          allowDeselect={false}
          data={TRUSTS.map((value) => ({ value, label: t(`sending.trusts.${value}`) }))}
          {...form.getInputProps("trust")}
          onChange={(value) =>
            form.setValues({ trust: TRUSTS.find((one) => one === value) ?? "system", trustValue: "" })
          }
        />
        <TrustValue trust={form.values.trust} required input={form.getInputProps("trustValue")} />
        <Checkbox label={t("storage.active")} {...form.getInputProps("active", { type: "checkbox" })} />
        <TestPanel
          answer={answer}
          error={test.error}
          running={test.isPending}
          onTest={() => test.mutate()}
          shown={STEPS}
          ok={t("storage.testOk")}
        />
        {test.isPending || test.data?.lock == null ? null : <LockNotice lock={test.data.lock} />}
        <FormEnd save={save} label={t("form.save")} failed={t("storage.notSaved")}>
          {remote === null ? null : (
            <Button variant="default" onClick={() => setRemoving(true)}>
              {t("storage.remove")}
            </Button>
          )}
        </FormEnd>
      </Stack>
      {removing ? (
        <RemoveDialog
          title={t("storage.removeTitle")}
          means={t("storage.removeMeans")}
          label={t("storage.removeNow")}
          failed={t("storage.notRemoved")}
          remove={() => done(api.DELETE("/api/v1/storage/remote"))}
          onRemoved={async () => {
            form.setValues({ endpoint: "", region: "", bucket: "", prefix: "", accessKey: "", secret: "" });
            await client.invalidateQueries({ queryKey: ["storage"] });
          }}
          onClose={() => setRemoving(false)}
        />
      ) : null}
    </form>
  );
}

/** Whether what is written is locked: said plainly, also where it is not known. */
function LockNotice({ lock }: { lock: Lock }) {
  const { t } = useTranslation();
  switch (lock.state) {
    case "held":
      return lock.mode === "COMPLIANCE" ? (
        <Notice tone="ok">{t("storage.lock.compliance", { count: lock.days ?? 0 })}</Notice>
      ) : (
        <Notice tone="warn">{t("storage.lock.governance", { count: lock.days ?? 0 })}</Notice>
      );
    case "no_default":
      return <Notice tone="warn">{t("storage.lock.noDefault")}</Notice>;
    case "off":
      return <Notice tone="warn">{t("storage.lock.off")}</Notice>;
    case "unknown":
      return <Notice tone="warn">{t("storage.lock.unknown", { why: lock.why ?? "" })}</Notice>;
  }
}
