import { TextInput, Textarea } from "@mantine/core";
import type { GetInputPropsReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";
import page from "./Page.module.css";

interface TrustValueProps {
  trust: string;
  required?: boolean;
  input: GetInputPropsReturnType;
}

/** The certificate, or the digest of a key, that a server is trusted by; nothing where the system's authorities are. */
export function TrustValue({ trust, required = false, input }: TrustValueProps) {
  const { t } = useTranslation();
  const common = { required, spellCheck: false, classNames: { input: page.mono ?? "" } };
  switch (trust) {
    case "ca_pem":
      return (
        <Textarea
          label={t("accounts.pem")}
          minRows={4}
          autosize
          maxRows={12}
          placeholder="-----BEGIN CERTIFICATE-----"
          {...common}
          {...input}
        />
      );
    case "pin_sha256":
      return <TextInput label={t("accounts.pin")} description={t("accounts.pinWhat")} {...common} {...input} />;
    default:
      return null;
  }
}
