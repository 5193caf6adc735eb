import { Button, Checkbox, Group, Modal, NumberInput, Stack } from "@mantine/core";
import { IconFlask, IconPlus, IconRuler2 } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import { bounceRulesQuery } from "../api/queries";
import { useSession } from "../api/session";
import type { BounceRule, BounceRules, BounceSettings } from "../api/types";
import css from "../bounces/bounces.module.css";
import { DryRunResult } from "../bounces/DryRunResult";
import { RuleCard } from "../bounces/RuleCard";
import { RuleDialog } from "../bounces/RuleDialog";
import { between, DAYS_MAX, same, SETTING_NAMES, SETTINGS, settingsFit } from "../bounces/rules";
import { Failure } from "../parts/Failure";
import { Loading } from "../parts/Loading";
import { Empty, Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { tell } from "../parts/toast";

/** What follows from what comes back. A change holds only after a dry run and saving. */
export function Rules() {
  const { t } = useTranslation();
  const query = useQuery(bounceRulesQuery);
  const { data } = query;
  return (
    <div className={page.page}>
      <div className={page.inner}>
        {data === undefined ? <PageHead title={t("bounceRules.title")} lead={t("bounceRules.lead")} /> : null}
        <Loading of={query} what={t("bounceRules.failed")} height={320} />
        {data === undefined ? null : <Editor kept={data} />}
      </div>
    </div>
  );
}

function Editor({ kept }: { kept: BounceRules }) {
  const { t } = useTranslation();
  const { role } = useSession().user;
  const mayEdit = role !== "auditor";
  // What is being written; absent where nothing has been changed.
  const [draft, setDraft] = useState<BounceRules>();
  const [edited, setEdited] = useState<number | "new">();
  const shown = draft ?? kept;
  const change = (next: BounceRules) => setDraft(same(next, kept) ? undefined : next);
  const setRules = (rules: BounceRule[]) => change({ ...shown, rules });
  const setRule = (at: number, rule: BounceRule) => setRules(shown.rules.map((one, i) => (i === at ? rule : one)));
  return (
    <>
      <PageHead title={t("bounceRules.title")} lead={t("bounceRules.lead")}>
        {mayEdit ? (
          <Button leftSection={<IconPlus size={17} aria-hidden />} onClick={() => setEdited("new")}>
            {t("bounceRules.add")}
          </Button>
        ) : null}
      </PageHead>
      <div className={page.stack}>
        {mayEdit ? null : <Notice tone="info">{t("feedback.readOnly")}</Notice>}
        {shown.rules.length === 0 ? <Empty icon={IconRuler2}>{t("bounceRules.none")}</Empty> : null}
        {shown.rules.map((rule, at) => (
          <RuleCard
            key={at}
            rule={rule}
            mayEdit={mayEdit}
            onToggle={() => setRule(at, { ...rule, active: !rule.active })}
            onEdit={() => setEdited(at)}
            onRemove={() => setRules(shown.rules.filter((_, i) => i !== at))}
          />
        ))}
        <Numbers
          settings={shown.settings}
          mayEdit={role === "administrator"}
          onChange={(settings) => change({ ...shown, settings })}
        />
        {mayEdit ? <TryAndSave rules={shown} draft={draft} onSettled={() => setDraft(undefined)} /> : null}
      </div>
      {edited === undefined ? null : (
        <RuleDialog
          rule={edited === "new" ? undefined : shown.rules[edited]}
          onApply={(rule) => {
            if (edited === "new") {
              setRules([...shown.rules, rule]);
            } else {
              setRule(edited, rule);
            }
            setEdited(undefined);
          }}
          onClose={() => setEdited(undefined)}
        />
      )}
    </>
  );
}

interface NumbersProps {
  settings: BounceSettings;
  mayEdit: boolean;
  onChange: (settings: BounceSettings) => void;
}

function Numbers({ settings, mayEdit, onChange }: NumbersProps) {
  const { t } = useTranslation();
  return (
    <section className={page.card}>
      <h2>{t("bounceRules.numbers")}</h2>
      <p className={page.dimmed}>{t("bounceRules.numbersWhat")}</p>
      <div className={css.fields}>
        {SETTING_NAMES.map((name) => {
          const [least, most] = SETTINGS[name];
          return (
            <NumberInput
              key={name}
              label={t(`bounceRules.settings.${name}`)}
              allowDecimal={false}
              allowNegative={false}
              readOnly={!mayEdit}
              value={settings[name]}
              error={
                between(settings[name], least, most) ? undefined : t("bounceRules.numberBetween", { least, most })
              }
              onChange={(value) => onChange({ ...settings, [name]: Number(value) })}
            />
          );
        })}
      </div>
      <Checkbox
        mt="md"
        label={t("bounceRules.settings.count_imported")}
        disabled={!mayEdit}
        checked={settings.count_imported}
        onChange={(event) => onChange({ ...settings, count_imported: event.currentTarget.checked })}
      />
    </section>
  );
}

interface TryAndSaveProps {
  rules: BounceRules;
  draft: BounceRules | undefined;
  /** Nothing is left to save. */
  onSettled: () => void;
}

/** The dry run, and saving what has been through it. */
function TryAndSave({ rules, draft, onSettled }: TryAndSaveProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const administrator = useSession().user.role === "administrator";
  const [days, setDays] = useState<number | string>(90);
  const fits = between(days, 1, DAYS_MAX);
  const [asked, setAsked] = useState<{ stopped: number; known: number }>();
  const run = useMutation({
    mutationFn: (tried: BounceRule[]) =>
      take(api.POST("/api/v1/bounces/rules/dry_run", { body: { rules: tried, days: Number(days) } })),
  });
  const save = useMutation({
    mutationFn: (confirm: boolean) => take(api.PUT("/api/v1/bounces/rules", { body: { ...rules, confirm } })),
    onSuccess: async (saved) => {
      setAsked(undefined);
      client.setQueryData(bounceRulesQuery.queryKey, saved);
      onSettled();
      run.reset();
      tell(t("bounceRules.saved"));
      await Promise.all(
        ["addresses", "suppression", "lists", "dashboard"].map((key) => client.invalidateQueries({ queryKey: [key] })),
      );
    },
    onError: (error) => {
      if (isProblem(error, 409)) {
        setAsked({ stopped: error.number("stopped") ?? 0, known: error.number("known") ?? 0 });
      }
    },
  });
  // A result speaks of the rules as they were tried.
  const tried = run.data !== undefined && same(run.variables, rules.rules);
  const failure = isProblem(save.error, 409) ? null : save.error;
  return (
    <section className={page.card} aria-label={t("bounceRules.dryRun")}>
      <h2>{t("bounceRules.dryRun")}</h2>
      <p className={page.dimmed}>{t("bounceRules.dryRunWhat")}</p>
      {draft === undefined ? null : (
        <Notice tone="info" title={t("bounceRules.changed")}>
          {t(administrator ? "bounceRules.changedWhat" : "bounceRules.agentWhat")}
        </Notice>
      )}
      <div className={`${css.tools} ${page.spaced}`}>
        <NumberInput
          label={t("bounceRules.daysBack")}
          className={css.filter}
          min={1}
          max={DAYS_MAX}
          allowDecimal={false}
          allowNegative={false}
          value={days}
          error={fits ? undefined : t("bounceRules.numberBetween", { least: 1, most: DAYS_MAX })}
          onChange={(value) => {
            setDays(value);
            run.reset();
          }}
        />
        <Button
          variant={draft === undefined || tried ? "default" : "filled"}
          leftSection={<IconFlask size={17} aria-hidden />}
          loading={run.isPending}
          disabled={!fits}
          onClick={() => run.mutate(rules.rules)}
        >
          {t("bounceRules.dryRun")}
        </Button>
        {draft === undefined ? null : (
          <>
            {administrator ? (
              <Button
                loading={save.isPending}
                disabled={!tried || !settingsFit(rules.settings)}
                variant={tried ? "filled" : "default"}
                onClick={() => save.mutate(false)}
              >
                {t("bounceRules.save")}
              </Button>
            ) : null}
            <Button variant="default" onClick={onSettled}>
              {t("bounceRules.discard")}
            </Button>
          </>
        )}
      </div>
      {draft !== undefined && administrator && !tried ? (
        <p className={page.dimmed}>{t("bounceRules.runFirst")}</p>
      ) : null}
      {run.error === null ? null : <Failure error={run.error} what={t("bounceRules.notRun")} />}
      {failure === null ? null : <Failure error={failure} what={t("bounceRules.notSaved")} />}
      {tried ? <DryRunResult run={run.data} /> : null}
      {asked === undefined ? null : (
        <Modal
          opened
          onClose={() => setAsked(undefined)}
          title={t("bounceRules.confirmTitle")}
          closeButtonProps={{ "aria-label": t("common.close") }}
        >
          <Stack>
            <div>{t("bounceRules.confirmMeans", asked)}</div>
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setAsked(undefined)} data-autofocus>
                {t("form.cancel")}
              </Button>
              <Button color="red.8" loading={save.isPending} onClick={() => save.mutate(true)}>
                {t("bounceRules.saveAnyway")}
              </Button>
            </Group>
          </Stack>
        </Modal>
      )}
    </section>
  );
}
