import {
  Checkbox,
  Group,
  Modal,
  PasswordInput,
  Select,
  Stack,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { TestPanel } from "../accounts/TestPanel";
import { api, done, take } from "../api/client";
import { accountsQuery } from "../api/queries";
import { useMayAdminister } from "../api/session";
import { type SmtpAccount, type SmtpAccountRequest, smtpQuery } from "../outgoing/queries";
import { AdminPage } from "../parts/AdminPage";
import { EditRemove } from "../parts/EditRemove";
import { FormEnd } from "../parts/FormEnd";
import { Notice, Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { useIsNarrow } from "../parts/Panes";
import { PortInput } from "../parts/PortInput";
import { PlainLink } from "../parts/PlainLink";
import { RemoveDialog } from "../parts/RemoveDialog";
import { TrustValue } from "../parts/TrustValue";

const MODES = ["tls", "starttls", "none"] as const;
const TRUSTS = ["system", "ca_pem", "pin_sha256"] as const;
const PORTS: Record<SmtpAccount["tls"], number> = { tls: 465, starttls: 587, none: 25 };

/** Servers that send the mails of Poststelle. */
export function Sending() {
  const { t } = useTranslation();
  const administrator = useMayAdminister();
  const query = useQuery({ ...smtpQuery, enabled: administrator });
  const { data } = query;
  const client = useQueryClient();
  const [edited, setEdited] = useState<SmtpAccount | "new">();
  const [removing, setRemoving] = useState<SmtpAccount>();
  return (
    <AdminPage
      title={t("sending.title")}
      lead={t("sending.lead")}
      add={t("sending.add")}
      onAdd={() => setEdited("new")}
      of={query}
      failed={t("sending.failed")}
    >
      <div className={page.stack}>
        {data?.length === 0 ? <Notice tone="info">{t("sending.none")}</Notice> : null}
        {data?.map((one) => (
          <section key={one.id} className={page.card}>
            <div className={page.cardHead}>
              <h2>{one.name}</h2>
              {one.notices ? <Pill tone="ok">{t("sending.forNotices")}</Pill> : null}
              {one.active ? null : <Pill tone="neutral">{t("sending.off")}</Pill>}
              <EditRemove
                edit={t("sending.editNamed", { name: one.name })}
                remove={t("sending.removeNamed", { name: one.name })}
                onEdit={() => setEdited(one)}
                onRemove={() => setRemoving(one)}
              />
            </div>
            <p>
              {one.from_address} · {one.kind === "graph" ? "Microsoft Graph" : `${one.host}:${one.port}`}
            </p>
            {one.consent_missing ? (
              <Notice tone="warn" title={t("sending.consentMissing")}>
                {t("sending.consentMissingWhat")}{" "}
                <PlainLink to={`/settings/accounts/${one.account ?? ""}`}>{t("sending.toAccount")}</PlainLink>
              </Notice>
            ) : null}
            {one.last_error === null ? null : (
              <Notice tone="danger" title={t("sending.lastError")}>
                {one.last_error.text}
              </Notice>
            )}
          </section>
        ))}
      </div>
      {edited === undefined ? null : (
        <Dialog account={edited === "new" ? undefined : edited} onClose={() => setEdited(undefined)} />
      )}
      {removing === undefined ? null : (
        <RemoveDialog
          title={t("sending.removeTitle", { name: removing.name })}
          means={t(removing.notices ? "sending.removeMeansNotices" : "sending.removeMeans")}
          label={t("sending.removeNow")}
          failed={t("sending.notRemoved")}
          remove={() =>
            done(api.DELETE("/api/v1/smtp_accounts/{smtp_id}", { params: { path: { smtp_id: removing.id } } }))
          }
          onRemoved={async () => {
            await client.invalidateQueries({ queryKey: ["smtp"] });
            await client.invalidateQueries({ queryKey: ["notifications"] });
          }}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </AdminPage>
  );
}

function Dialog({ account, onClose }: { account: SmtpAccount | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  const client = useQueryClient();
  const [recipient, setRecipient] = useState("");
  const trust = account?.trust ?? "system";
  const accounts = useQuery(accountsQuery).data ?? [];
  const lenders = accounts.filter((one) => one.connection?.oauth != null);
  const form = useForm({
    initialValues: {
      name: account?.name ?? "",
      host: account?.host ?? "",
      port: account?.port ?? 465,
      tls: account?.tls ?? "tls",
      login: account?.login ?? "",
      lender: account?.account ?? "",
      password: "",
      trust: trust === "system" ? "system" : "ca_pem" in trust ? "ca_pem" : "pin_sha256",
      trustValue: trust === "system" ? "" : "ca_pem" in trust ? trust.ca_pem : trust.pin_sha256,
      from: account?.from_address ?? "",
      fromName: account?.from_name ?? "",
      bounces: account?.bounce_address ?? "",
      notices: account?.notices ?? true,
      active: account?.active ?? true,
    },
  });
  const lender = lenders.find((one) => one.id === form.values.lender);
  const byGraph = lender?.kind === "graph";
  const request = (): SmtpAccountRequest => {
    const { values } = form;
    const server = byGraph
      ? ({ kind: "graph", account: lender.id } as const)
      : {
          host: values.host,
          port: values.port,
          tls: values.tls,
          ...(values.lender === "" ? { login: values.login } : { account: values.lender }),
        };
    const password = values.password === "" ? {} : { password: values.password };
    return {
      name: values.name,
      ...server,
      ...(values.lender === "" && password),
      trust:
        values.trust === "system"
          ? "system"
          : values.trust === "ca_pem"
            ? { ca_pem: values.trustValue }
            : { pin_sha256: values.trustValue },
      from_address: values.from,
      from_name: values.fromName,
      bounce_address: byGraph || values.bounces === "" ? null : values.bounces,
      notices: values.notices,
      active: values.active,
    };
  };
  const after = async () => {
    onClose();
    await client.invalidateQueries({ queryKey: ["smtp"] });
    await client.invalidateQueries({ queryKey: ["notifications"] });
  };
  const save = useMutation({
    mutationFn: () =>
      account === undefined
        ? take(api.POST("/api/v1/smtp_accounts", { body: request() }))
        : take(
            api.PUT("/api/v1/smtp_accounts/{smtp_id}", { params: { path: { smtp_id: account.id } }, body: request() }),
          ),
    onSuccess: after,
  });
  const test = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/smtp_accounts/test", {
          body: { account: account?.id ?? null, settings: request(), recipient: recipient === "" ? null : recipient },
        }),
      ),
  });
  // Only what these settings ask for.
  const shown = (["name", "connect", "tls", "login", "mail"] as const).filter(
    (step) =>
      (step !== "tls" || byGraph || form.values.tls !== "none") &&
      (step !== "login" || form.values.lender !== "" || form.values.login !== "") &&
      (step !== "mail" || recipient !== ""),
  );
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      fullScreen={narrow}
      title={account?.name ?? t("sending.add")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={form.onSubmit(() => save.mutate())}>
        <Stack>
          <TextInput label={t("sending.name")} required {...form.getInputProps("name")} />
          {lenders.length === 0 ? null : (
            <Select
              label={t("sending.loginBy")}
              allowDeselect={false}
              data={[
                { value: "", label: t("sending.byPassword") },
                ...lenders.map((one) => ({
                  value: one.id,
                  label: t(one.kind === "graph" ? "sending.byGraph" : "sending.byConsent", { name: one.name }),
                })),
              ]}
              {...form.getInputProps("lender")}
            />
          )}
          {byGraph ? <Notice tone="info">{t("sending.graphWhat")}</Notice> : null}
          {byGraph ? null : (
            <>
              <Group grow>
                <TextInput label={t("sending.host")} required {...form.getInputProps("host")} />
                <PortInput label={t("sending.port")} {...form.getInputProps("port")} />
              </Group>
              <Select
                label={t("sending.tls")}
                allowDeselect={false}
                data={[
                  { value: "tls", label: t("sending.tlsModes.tls") },
                  { value: "starttls", label: t("sending.tlsModes.starttls") },
                  { value: "none", label: t("sending.tlsModes.none") },
                ]}
                value={form.values.tls}
                onChange={(value) => {
                  const tls = MODES.find((mode) => mode === value) ?? "tls";
                  // Who has the usual port wants that of the other way too.
                  const port = form.values.port === PORTS[form.values.tls] ? PORTS[tls] : form.values.port;
                  form.setValues({ tls, port });
                }}
              />
              {form.values.lender === "" ? (
                <>
                  <TextInput label={t("sending.login")} autoComplete="off" {...form.getInputProps("login")} />
                  <PasswordInput
                    label={t("sending.password")}
                    description={account?.password_set === true ? t("sending.passwordKept") : undefined}
                    autoComplete="new-password"
                    {...form.getInputProps("password")}
                  />
                </>
              ) : null}
              <Select
                label={t("sending.trust")}
                allowDeselect={false}
                data={TRUSTS.map((value) => ({ value, label: t(`sending.trusts.${value}`) }))}
                {...form.getInputProps("trust")}
                onChange={(value) => form.setValues({ trust: TRUSTS.find((one) => one === value) ?? "system", trustValue: "" })}
              />
              <TrustValue trust={form.values.trust} required input={form.getInputProps("trustValue")} />
            </>
          )}
          <TextInput label={t("sending.from")} type="email" required {...form.getInputProps("from")} />
          <TextInput label={t("sending.fromName")} {...form.getInputProps("fromName")} />
          {byGraph ? null : (
            <TextInput
              label={t("sending.bounces")}
              description={t("sending.bouncesHint")}
              type="email"
              {...form.getInputProps("bounces")}
            />
          )}
          <Checkbox label={t("sending.notices")} {...form.getInputProps("notices", { type: "checkbox" })} />
          <Checkbox label={t("sending.active")} {...form.getInputProps("active", { type: "checkbox" })} />
          <TextInput
            label={t("sending.testTo")}
            type="email"
            value={recipient}
            onChange={(event) => setRecipient(event.currentTarget.value)}
          />
          <TestPanel
            answer={test.data}
            error={test.error}
            running={test.isPending}
            onTest={() => test.mutate()}
            shown={shown}
            ok={t("sending.testOk")}
          />
          <FormEnd save={save} label={t("sending.save")} failed={t("sending.notSaved")} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
