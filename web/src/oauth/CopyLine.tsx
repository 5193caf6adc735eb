import { Button, CopyButton, Group, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import page from "../parts/Page.module.css";

/** A text that has to be entered elsewhere. */
export function CopyLine({ label, value }: { label: string; value: string }) {
  const { t } = useTranslation();
  return (
    <Group align="flex-end" wrap="nowrap">
      <TextInput
        label={label}
        value={value}
        readOnly
        flex={1}
        classNames={{ input: page.mono ?? "" }}
        onFocus={(event) => event.currentTarget.select()}
      />
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Button variant="default" onClick={copy}>
            {copied ? t("failure.copied") : t("oauth.copy")}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}
