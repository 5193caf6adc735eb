import {
  Button,
  Checkbox,
  Group,
  Modal,
  MultiSelect,
  NumberInput,
  Select,
  Stack,
  Switch,
  TextInput,
} from "@mantine/core";
import { useForm, type UseFormReturnType } from "@mantine/form";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { listsQuery } from "../api/queries";
import type { BounceRule, MailClass, Permanence } from "../api/types";
import { useMayAdminister } from "../api/session";
import { webhooksQuery } from "../outgoing/queries";
import { useIsNarrow } from "../parts/Panes";
import page from "../parts/Page.module.css";
import {
  ANY,
  between,
  COUNT_MAX,
  DAYS_MAX,
  formOf,
  NEW_RULE,
  RULE_KINDS,
  RULE_REASONS,
  type RuleForm,
  ruleOf,
} from "./rules";
import { ruleName } from "./ruleName";

const CLASSES: readonly MailClass[] = ["bulk", "transactional"];
const PERMANENCES: readonly Permanence[] = ["permanent", "temporary", "unknown"];

interface RuleDialogProps {
  /** A new one where it is absent. */
  rule: BounceRule | undefined;
  onApply: (rule: BounceRule) => void;
  onClose: () => void;
}

/** One rule: when, and what then. What is applied here holds only after saving. */
export function RuleDialog({ rule, onApply, onClose }: RuleDialogProps) {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  const lists = useQuery(listsQuery).data ?? [];
  // A name that comes with the server is shown in words, and kept unless somebody writes another.
  const shownName = rule === undefined ? "" : ruleName(t, rule.name);
  const wrong = (value: number | string, most: number) =>
    between(value, 1, most) ? null : t("bounceRules.numberBetween", { least: 1, most });
  const form = useForm<RuleForm>({
    initialValues: { ...formOf(rule ?? NEW_RULE), name: shownName },
    validate: {
      name: (value) => (value.trim() === "" ? t("form.required") : null),
      count: (value) => wrong(value, COUNT_MAX),
      windowDays: (value) => wrong(value, DAYS_MAX),
    },
  });
  const classes = CLASSES.map((value) => ({ value, label: t(`feedback.classes.${value}`) }));
  const { values } = form;
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      fullScreen={narrow}
      title={rule === undefined ? t("bounceRules.newRule") : shownName}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form
        noValidate
        onSubmit={form.onSubmit((filled) => {
          const name = rule !== undefined && filled.name.trim() === shownName ? rule.name : filled.name;
          onApply(ruleOf({ ...filled, name }));
        })}
      >
        <Stack>
          <TextInput
            label={t("bounceRules.name")}
            maxLength={200}
            autoComplete="off"
            data-autofocus
            {...form.getInputProps("name")}
          />
          <Switch label={t("bounceRules.active")} {...form.getInputProps("active", { type: "checkbox" })} />
          <h3 className={page.label}>{t("bounceRules.when")}</h3>
          <MultiSelect
            label={t("bounceRules.kinds")}
            description={t("bounceRules.kindsHint")}
            data={RULE_KINDS.map((value) => ({ value, label: t(`feedback.kinds.${value}`) }))}
            clearable
            {...form.getInputProps("kinds")}
          />
          <Select
            label={t("bounceRules.permanence")}
            allowDeselect={false}
            data={[
              { value: ANY, label: t("bounceRules.anyPermanence") },
              ...PERMANENCES.map((value) => ({ value, label: t(`side.permanence.${value}`) })),
            ]}
            {...form.getInputProps("permanence")}
          />
          <MultiSelect
            label={t("bounceRules.reasons")}
            description={t("bounceRules.reasonsHint")}
            data={RULE_REASONS.map((value) => ({ value, label: t(`reasons.${value}`) }))}
            searchable
            clearable
            {...form.getInputProps("reasons")}
          />
          <Group grow align="flex-start">
            <NumberInput
              label={t("bounceRules.count")}
              allowDecimal={false}
              allowNegative={false}
              {...form.getInputProps("count")}
            />
            <NumberInput
              label={t("bounceRules.window")}
              allowDecimal={false}
              allowNegative={false}
              {...form.getInputProps("windowDays")}
            />
          </Group>
          <Select
            label={t("bounceRules.class")}
            allowDeselect={false}
            data={[{ value: ANY, label: t("feedback.anyClass") }, ...classes]}
            {...form.getInputProps("class")}
          />
          {lists.length === 0 ? null : (
            <MultiSelect
              label={t("bounceRules.lists")}
              description={t("bounceRules.listsHint")}
              data={lists.map(({ id, name }) => ({ value: id, label: name }))}
              searchable
              clearable
              {...form.getInputProps("lists")}
            />
          )}
          <h3 className={page.label}>{t("bounceRules.then")}</h3>
          <Checkbox label={t("bounceRules.set.stop")} {...form.getInputProps("stop", { type: "checkbox" })} />
          {values.stop ? (
            <Select
              label={t("bounceRules.set.stopWhat")}
              allowDeselect={false}
              data={[{ value: ANY, label: t("feedback.anyClass") }, ...classes]}
              {...form.getInputProps("stopClass")}
            />
          ) : null}
          <Checkbox label={t("bounceRules.set.leave")} {...form.getInputProps("leave", { type: "checkbox" })} />
          {values.leave ? (
            <Select
              label={t("bounceRules.set.leaveWhat")}
              allowDeselect={false}
              data={[
                { value: "one", label: t("bounceRules.set.leaveOne") },
                { value: "all", label: t("bounceRules.set.leaveAll") },
              ]}
              value={values.leaveAll ? "all" : "one"}
              onChange={(value) => form.setFieldValue("leaveAll", value === "all")}
            />
          ) : null}
          <Checkbox
            label={t("bounceRules.set.alternative")}
            {...form.getInputProps("alternative", { type: "checkbox" })}
          />
          <TextInput
            label={t("bounceRules.set.tag")}
            description={t("bounceRules.set.tagWhat")}
            maxLength={60}
            {...form.getInputProps("tag")}
          />
          <TextInput
            label={t("bounceRules.set.move")}
            description={t("bounceRules.set.moveWhat")}
            maxLength={200}
            {...form.getInputProps("move")}
          />
          <Checkbox label={t("bounceRules.set.notify")} {...form.getInputProps("notify", { type: "checkbox" })} />
          <WebhookField form={form} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("form.cancel")}
            </Button>
            <Button type="submit">{t("bounceRules.apply")}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** Those that are set up; who may not see them keeps what is there. */
function WebhookField({ form }: { form: UseFormReturnType<RuleForm> }) {
  const { t } = useTranslation();
  const { data } = useQuery({ ...webhooksQuery, enabled: useMayAdminister() });
  const chosen = form.values.webhook;
  const known = (data?.items ?? []).map(({ name, url }) => ({ value: url, label: `${name} (${url})` }));
  const missing = chosen !== "" && !known.some(({ value }) => value === chosen);
  return (
    <Select
      label={t("bounceRules.set.webhook")}
      description={data?.items.length === 0 ? t("bounceRules.set.webhookNone") : t("bounceRules.set.webhookWhat")}
      placeholder={t("bounceRules.set.webhookNot")}
      data={missing ? [...known, { value: chosen, label: chosen }] : known}
      disabled={data === undefined && !missing}
      clearable
      clearButtonProps={{ "aria-label": t("bounceRules.set.webhookClear") }}
      value={chosen === "" ? null : chosen}
      onChange={(value) => form.setFieldValue("webhook", typeof value === "string" ? value : "")}
      error={missing && data !== undefined ? t("bounceRules.set.webhookGone") : undefined}
    />
  );
}
