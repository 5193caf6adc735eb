import { Select, Stack, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";
import { Notice } from "../parts/Notice";
import css from "./accounts.module.css";
import type { AccountForm } from "./form";

const ROLES = ["normal", "bounce", "archive"] as const;
const HANDLED = ["leave", "mark_read", "move", "delete"] as const;

/** What the mailbox is for, and what happens in it to reports. As long as nobody chooses, nothing does. */
export function HandlingFields({ form }: { form: UseFormReturnType<AccountForm> }) {
  const { t } = useTranslation();
  const { handled } = form.values;
  return (
    <details open={handled !== "leave" || form.values.manualFolder !== "" || form.values.role !== "normal"}>
      <summary className={css.more}>{t("accounts.handling")}</summary>
      <Stack mt="sm">
        <Select
          label={t("accounts.role")}
          description={t(`accounts.roleWhat.${form.values.role}`)}
          allowDeselect={false}
          data={ROLES.map((value) => ({ value, label: t(`accounts.roles.${value}`) }))}
          {...form.getInputProps("role")}
        />
        {form.values.kind === "pop3" ? null : <InMailbox form={form} />}
      </Stack>
    </details>
  );
}

/** Needs folders and marks, which POP3 does not have. */
function InMailbox({ form }: { form: UseFormReturnType<AccountForm> }) {
  const { t } = useTranslation();
  const { handled } = form.values;
  return (
    <>
        <Select
          label={t("accounts.handled")}
          description={t("accounts.handledWhat")}
          allowDeselect={false}
          data={HANDLED.map((value) => ({ value, label: t(`accounts.handledHow.${value}`) }))}
          {...form.getInputProps("handled")}
        />
        {handled === "delete" ? <Notice tone="warn">{t("accounts.deleteMeans")}</Notice> : null}
        {handled === "move" ? (
          <TextInput
            label={t("accounts.handledFolder")}
            description={t("accounts.folderWhat")}
            maxLength={200}
            {...form.getInputProps("handledFolder")}
          />
        ) : null}
        <TextInput
          label={t("accounts.manualFolder")}
          description={t("accounts.manualFolderWhat")}
          maxLength={200}
          {...form.getInputProps("manualFolder")}
        />
    </>
  );
}
