import { Checkbox, Select, Stack, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";
import { PortInput } from "../parts/PortInput";
import css from "./accounts.module.css";
import { type AccountForm, isLoopback, smtpPortOf } from "./form";
import { sendingFor } from "./presets";

/** Whether a server that sends is made together with a new account, and which; it has the same name and login. */
export function SendingFields({ form }: { form: UseFormReturnType<AccountForm> }) {
  const { t } = useTranslation();
  const { host, kind, oauth, sends, smtpHost, smtpPort, smtpTls } = form.values;
  if (oauth !== "" || kind === "graph") {
    return null;
  }
  return (
    <Stack gap="xs">
      <Checkbox
        label={t("accounts.sends")}
        description={t("accounts.sendsWhat")}
        checked={sends}
        onChange={(event) => {
          const wanted = event.currentTarget.checked;
          const guess = sendingFor(host);
          form.setValues({
            sends: wanted,
            ...(wanted && smtpHost === "" && { smtpHost: guess.host, smtpPort: guess.port, smtpTls: guess.tls }),
          });
        }}
      />
      {sends ? (
        <div className={css.server}>
          <TextInput
            label={t("accounts.smtpHost")}
            autoComplete="off"
            spellCheck={false}
            {...form.getInputProps("smtpHost")}
          />
          <Select
            label={t("accounts.smtpTls")}
            allowDeselect={false}
            data={(
              ["tls", "starttls", ...(isLoopback(smtpHost) || smtpTls === "none" ? (["none"] as const) : [])] as const
            ).map((value) => ({ value, label: t(`accounts.tlsNames.${value}`) }))}
            value={smtpTls}
            error={form.errors["smtpTls"]}
            onChange={(value) => {
              if (value !== null) {
                form.setValues({ smtpTls: value, ...(smtpPort === smtpPortOf(smtpTls) && { smtpPort: smtpPortOf(value) }) });
              }
            }}
          />
          <PortInput label={t("accounts.smtpPort")} {...form.getInputProps("smtpPort")} />
        </div>
      ) : null}
    </Stack>
  );
}
