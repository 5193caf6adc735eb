import { Checkbox, Stack, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";
import { type AccountForm, addressOf } from "./form";

/** Whether a group is made together with a new account; its address is asked for where none follows from the account. */
export function GroupFields({ form }: { form: UseFormReturnType<AccountForm> }) {
  const { t } = useTranslation();
  const { grouped } = form.values;
  const follows = addressOf(form.values);
  return (
    <Stack gap="xs">
      <Checkbox
        label={t("accounts.grouped")}
        description={follows === "" ? t("accounts.groupedWhat") : t("accounts.groupedAddress", { address: follows })}
        checked={grouped}
        onChange={(event) => form.setFieldValue("grouped", event.currentTarget.checked)}
      />
      {grouped && follows === "" ? (
        <TextInput
          label={t("accounts.groupAddress")}
          type="email"
          autoComplete="off"
          {...form.getInputProps("groupAddress")}
        />
      ) : null}
    </Stack>
  );
}
