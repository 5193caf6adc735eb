import { Button, Checkbox, Group, Modal, NumberInput, PasswordInput, Select, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { TestPanel } from "../accounts/TestPanel";
import { api, done, take } from "../api/client";
import { useMayAdminister } from "../api/session";
import { type SmtpAccount, type SmtpAccountRequest, smtpQuery } from "../outgoing/queries";
import { Failure } from "../parts/Failure";
import { Notice, Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { useIsNarrow } from "../parts/Panes";
import { tellFailure } from "../parts/toast";

/** Servers that send the mails of Poststelle. */
export function Sending() {
  const { t } = useTranslation();
  const administrator = useMayAdminister();
  const { data, error, refetch } = useQuery({ ...smtpQuery, enabled: administrator });
  const [edited, setEdited] = useState<SmtpAccount | "new">();
  return (
    <div className={page.inner}>
      <PageHead title={t("sending.title")} lead={t("sending.lead")}>
        {administrator ? <Button onClick={() => setEdited("new")}>{t("sending.add")}</Button> : null}
      </PageHead>
      {administrator ? null : <Notice tone="info">{t("settings.administratorsOnly")}</Notice>}
      {error === null ? null : <Failure error={error} what={t("sending.failed")} retry={() => void refetch()} />}
      <div className={page.stack}>
        {data?.length === 0 ? <Notice tone="info">{t("sending.none")}</Notice> : null}
        {data?.map((one) => (
          <section key={one.id} className={page.card}>
            <div className={page.cardHead}>
              <h2>{one.name}</h2>
              {one.notices ? <Pill tone="ok">{t("sending.forNotices")}</Pill> : null}
              {one.active ? null : <Pill tone="neutral">{t("sending.off")}</Pill>}
              <Button size="compact-sm" variant="default" onClick={() => setEdited(one)}>
                {t("sending.edit")}
              </Button>
            </div>
            <p>
              {one.from_address} · {one.host}:{one.port}
            </p>
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
    </div>
  );
}

function Dialog({ account, onClose }: { account: SmtpAccount | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  const client = useQueryClient();
  const [recipient, setRecipient] = useState("");
  const trust = account?.trust ?? "system";
  const form = useForm({
    initialValues: {
      name: account?.name ?? "",
      host: account?.host ?? "",
      port: account?.port ?? 465,
      tls: account?.tls ?? "tls",
      login: account?.login ?? "",
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
  const request = (): SmtpAccountRequest => {
    const { values } = form;
    const password = values.password === "" ? {} : { password: values.password };
    return {
      name: values.name,
      host: values.host,
      port: values.port,
      tls: values.tls,
      login: values.login,
      ...password,
      trust:
        values.trust === "system"
          ? "system"
          : values.trust === "ca_pem"
            ? { ca_pem: values.trustValue }
            : { pin_sha256: values.trustValue },
      from_address: values.from,
      from_name: values.fromName,
      bounce_address: values.bounces === "" ? null : values.bounces,
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
  const remove = useMutation({
    mutationFn: (id: string) => done(api.DELETE("/api/v1/smtp_accounts/{smtp_id}", { params: { path: { smtp_id: id } } })),
    onSuccess: after,
    onError: (error) => tellFailure(t("sending.notSaved"), error.message),
  });
  const test = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/smtp_accounts/test", {
          body: { account: account?.id ?? null, settings: request(), recipient: recipient === "" ? null : recipient },
        }),
      ),
  });
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
          <Group grow>
            <TextInput label={t("sending.host")} required {...form.getInputProps("host")} />
            <NumberInput label={t("sending.port")} min={1} max={65535} {...form.getInputProps("port")} />
          </Group>
          <Select
            label={t("sending.tls")}
            allowDeselect={false}
            data={[
              { value: "tls", label: t("sending.tlsModes.tls") },
              { value: "starttls", label: t("sending.tlsModes.starttls") },
              { value: "none", label: t("sending.tlsModes.none") },
            ]}
            {...form.getInputProps("tls")}
          />
          <TextInput label={t("sending.login")} autoComplete="off" {...form.getInputProps("login")} />
          <PasswordInput
            label={t("sending.password")}
            description={account?.password_set === true ? t("sending.passwordKept") : undefined}
            autoComplete="new-password"
            {...form.getInputProps("password")}
          />
          <Select
            label={t("sending.trust")}
            allowDeselect={false}
            data={[
              { value: "system", label: t("sending.trusts.system") },
              { value: "ca_pem", label: t("sending.trusts.ca_pem") },
              { value: "pin_sha256", label: t("sending.trusts.pin_sha256") },
            ]}
            {...form.getInputProps("trust")}
          />
          {form.values.trust === "system" ? null : (
            <TextInput label={t("sending.trustValue")} {...form.getInputProps("trustValue")} />
          )}
          <TextInput label={t("sending.from")} type="email" required {...form.getInputProps("from")} />
          <TextInput label={t("sending.fromName")} {...form.getInputProps("fromName")} />
          <TextInput
            label={t("sending.bounces")}
            description={t("sending.bouncesHint")}
            type="email"
            {...form.getInputProps("bounces")}
          />
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
            shown={["name", "connect", "tls", "login", "mail"]}
            ok={t("sending.testOk")}
          />
          {save.error === null ? null : <Failure error={save.error} what={t("sending.notSaved")} />}
          <Group justify="flex-end">
            {account === undefined ? null : (
              <Button variant="default" color="red" onClick={() => remove.mutate(account.id)}>
                {t("sending.remove")}
              </Button>
            )}
            <Button type="submit" loading={save.isPending}>
              {t("sending.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
