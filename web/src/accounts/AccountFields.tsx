import {
  Checkbox,
  Group,
  NumberInput,
  PasswordInput,
  SegmentedControl,
  Select,
  Stack,
  Switch,
  TagsInput,
  TextInput,
} from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { MailboxFound } from "../api/types";
import { useFormats } from "../lang/format";
import { SignInField } from "../oauth/SignInField";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PortInput } from "../parts/PortInput";
import { TrustValue } from "../parts/TrustValue";
import css from "./accounts.module.css";
import { type AccountForm, addressOf, isLoopback, portOf, withKind } from "./form";
import { HandlingFields } from "./HandlingFields";
import { isKnownProvider, presetFor } from "./presets";
import { GroupFields } from "./GroupFields";
import { SendingFields } from "./SendingFields";

interface AccountFieldsProps {
  form: UseFormReturnType<AccountForm>;
  isNew: boolean;
  isImport: boolean;
  passwordSet: boolean;
  /** Mailboxes the last test found. */
  found: MailboxFound[];
}

export function AccountFields({ form, isNew, isImport, passwordSet, found }: AccountFieldsProps) {
  const { t } = useTranslation();
  const { address, host, tls } = form.values;
  const preset = presetFor(address);
  const known = isKnownProvider(address) && preset?.host === host;
  /** Fills in what follows from the address, as long as nobody has written there. */
  const fillIn = () => {
    if (!isNew || preset === undefined || form.isTouched("host")) {
      return;
    }
    form.setValues({
      host: preset.host,
      kind: "imap",
      port: preset.port,
      tls: preset.tls,
      ...(form.isTouched("login") ? {} : { login: address.trim() }),
      ...(form.isTouched("name") && form.values.name !== "" ? {} : { name: address.trim() }),
    });
  };
  return (
    <Stack>
      <TextInput
        label={t("accounts.address")}
        description={isImport ? undefined : t("accounts.addressWhat")}
        type="email"
        autoComplete="off"
        {...form.getInputProps("address")}
        onBlur={fillIn}
      />
      <TextInput
        label={t("accounts.name")}
        description={t("accounts.nameWhat")}
        autoComplete="off"
        maxLength={200}
        {...form.getInputProps("name")}
      />
      {isImport ? null : (
        <>
          {known && preset.hint !== undefined ? (
            <Notice tone={preset.hint === "noPasswords" ? "warn" : "info"}>{t(`presets.${preset.hint}`)}</Notice>
          ) : null}
          {isNew ? (
            <Select
              label={t("accounts.protocol")}
              description={
                form.values.kind === "imap" ? undefined : t(form.values.kind === "pop3" ? "accounts.pop3What" : "accounts.graphWhat")
              }
              allowDeselect={false}
              maw={260}
              data={[
                { value: "imap", label: t("accounts.protocols.imap") },
                { value: "pop3", label: t("accounts.protocols.pop3") },
                { value: "graph", label: t("accounts.protocols.graph") },
              ]}
              value={form.values.kind}
              onChange={(value) => {
                if (value !== null) {
                  form.setValues(withKind(form.values, value));
                }
              }}
            />
          ) : null}
          {form.values.kind === "graph" ? <Notice tone="info">{t("accounts.graphUntried")}</Notice> : null}
          <div className={css.server}>
            <TextInput
              label={t("accounts.host")}
              placeholder="imap.example.org"
              autoComplete="off"
              spellCheck={false}
              {...form.getInputProps("host")}
            />
            <Select
              label={t("accounts.tls")}
              allowDeselect={false}
              data={(["tls", "starttls", "none"] as const)
                .filter((value) =>
                  value === "none" ? isLoopback(host) || tls === "none" : value === "tls" || form.values.kind !== "graph",
                )
                .map((value) => ({ value, label: t(`accounts.tlsNames.${value}`) }))}
              value={tls}
              onChange={(value) => {
                if (value !== null) {
                  const { kind, port } = form.values;
                  form.setValues({ tls: value, ...(port === portOf(kind, tls) && { port: portOf(kind, value) }) });
                }
              }}
            />
            <PortInput label={t("accounts.port")} {...form.getInputProps("port")} />
          </div>
          <Group grow align="flex-start" preventGrowOverflow={false}>
            <TextInput
              label={t("accounts.login")}
              description={form.values.kind === "graph" ? t("accounts.graphLogin") : undefined}
              autoComplete="off"
              spellCheck={false}
              {...form.getInputProps("login")}
            />
            {form.values.oauth === "" && form.values.kind !== "graph" ? (
              <PasswordInput
                label={t("form.password")}
                description={passwordSet ? t("accounts.passwordKept") : undefined}
                autoComplete="new-password"
                visibilityToggleButtonProps={{ "aria-label": t("form.showPassword") }}
                {...form.getInputProps("password")}
              />
            ) : null}
          </Group>
          <SignInField form={form} />
          {form.values.kind === "pop3" ? null : <MailboxChoice form={form} found={found} />}
          <details>
            <summary className={css.more}>{t("accounts.more")}</summary>
            <Stack mt="sm">
              <NumberInput
                label={t("accounts.poll")}
                description={t("accounts.pollWhat")}
                min={0.2}
                max={1440}
                decimalScale={1}
                maw={260}
                {...form.getInputProps("pollMinutes")}
              />
              <Select
                label={t("accounts.trust")}
                description={t("accounts.trustWhat")}
                allowDeselect={false}
                data={(["system", "ca_pem", "pin_sha256"] as const).map((value) => ({
                  value,
                  label: t(`accounts.trusts.${value}`),
                }))}
                {...form.getInputProps("trust")}
              />
              <TrustValue trust={form.values.trust} input={form.getInputProps("trustValue")} />
            </Stack>
          </details>
          <HandlingFields form={form} />
          {isNew ? (
            <>
              <GroupFields form={form} />
              <SendingFields form={form} />
              {form.values.oauth === "" && form.values.kind !== "graph" ? (
                <Checkbox
                  label={t("accounts.atOnce")}
                  description={t("accounts.atOnceWhat")}
                  {...form.getInputProps("atOnce", { type: "checkbox" })}
                />
              ) : null}
            </>
          ) : (
            <Switch
              label={t("accounts.active")}
              description={t("accounts.activeWhat")}
              {...form.getInputProps("active", { type: "checkbox" })}
            />
          )}
        </>
      )}
    </Stack>
  );
}

/** All, the inbox only, or those that are ticked; a test brings the list. */
function MailboxChoice({ form, found }: Pick<AccountFieldsProps, "form" | "found">) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { mailboxes, names } = form.values;
  return (
    <div>
      <div className={page.label} id="mailbox-choice">
        {t("accounts.mailboxes")}
      </div>
      <SegmentedControl
        aria-labelledby="mailbox-choice"
        data={(["all", "inbox", "names"] as const).map((value) => ({ value, label: t(`accounts.choices.${value}`) }))}
        {...form.getInputProps("mailboxes")}
      />
      {mailboxes === "names" && found.length > 0 ? (
        <Checkbox.Group value={names} onChange={(value) => form.setFieldValue("names", value)} error={form.errors["names"]}>
          <div className={css.folders}>
            {found.map(({ name, messages }) => (
              <Checkbox
                key={name}
                value={name}
                label={messages === null ? name : `${name} (${number(messages)})`}
              />
            ))}
          </div>
        </Checkbox.Group>
      ) : null}
      {mailboxes === "names" && found.length === 0 ? (
        <TagsInput
          mt="xs"
          label={t("accounts.names")}
          description={t("accounts.namesWhat")}
          {...form.getInputProps("names")}
        />
      ) : null}
    </div>
  );
}

/** What is checked before anything is sent; the server checks again. */
export function validation(t: TFunction, { isNew, isImport }: { isNew: boolean; isImport: boolean }) {
  const required = (value: string) => (value.trim() === "" ? t("form.required") : null);
  if (isImport) {
    return { name: required };
  }
  return {
    name: required,
    host: required,
    login: required,
    port: (value: number | "") => (value === "" ? t("form.required") : null),
    password: (value: string, form: AccountForm) =>
      isNew && form.kind !== "graph" && form.oauth === "" && value === "" ? t("form.required") : null,
    oauth: (value: string, form: AccountForm) => (form.kind === "graph" && value === "" ? t("accounts.graphService") : null),
    names: (value: string[], form: AccountForm) =>
      form.mailboxes === "names" && value.length === 0 ? t("accounts.chooseOne") : null,
    handledFolder: (value: string, form: AccountForm) =>
      form.kind !== "pop3" && form.handled === "move" && value.trim() === "" ? t("accounts.folderNeeded") : null,
    address: (value: string, form: AccountForm) =>
      form.sends && form.oauth === "" && value.trim() === "" ? t("accounts.sendingAddress") : null,
    groupAddress: (value: string, form: AccountForm) =>
      form.grouped && addressOf(form) === "" && !/^\S+@\S+$/u.test(value.trim()) ? t("form.emailBroken") : null,
    smtpHost: (value: string, form: AccountForm) =>
      form.sends && form.oauth === "" && value.trim() === "" ? t("form.required") : null,
    tls: (value: string, form: AccountForm) =>
      value === "none" && !isLoopback(form.host) ? t("accounts.tlsNeeded") : null,
    trustValue: (value: string, form: AccountForm) => {
      if (form.trust === "pin_sha256" && !/^(?:[0-9a-f]{2}[:\s]?){32}$/iu.test(value.trim())) {
        return t("accounts.pinBroken");
      }
      return form.trust === "ca_pem" && !value.includes("BEGIN CERTIFICATE") ? t("accounts.pemBroken") : null;
    },
  };
}
