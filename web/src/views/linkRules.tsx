import { Button, Checkbox, NumberInput, Stack, Textarea } from "@mantine/core";
import { IconFlask } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { useMayAdminister } from "../api/session";
import type { LinkSettings, WhatIfAnswer, WhatIfRequest } from "../api/types";
import { Batches } from "../links/Batches";
import css from "../links/links.module.css";
import { MaskFields } from "../links/MaskFields";
import { blocklistQuery, linkBatchesQuery, linksChanged, linkSettingsQuery, whatIf } from "../links/queries";
import {
  draftOf,
  fits,
  LAST_MAX,
  MONTHS_MAX,
  NOTHING_TRIED,
  requestOf,
  type RulesDraft,
  same,
  settingsOf,
  type TryDraft,
} from "../links/rules";
import { WhatIfResult } from "../links/WhatIfResult";
import { useFormats } from "../lang/format";
import { AdminPage } from "../parts/AdminPage";
import { Failure } from "../parts/Failure";
import { FormEnd } from "../parts/FormEnd";
import page from "../parts/Page.module.css";
import { tell } from "../parts/toast";

/** How linking decides where the rules leave a choice, tried on past mails before it holds. */
export function LinkRules() {
  const { t } = useTranslation();
  const administrator = useMayAdminister();
  const query = useQuery({ ...linkSettingsQuery, enabled: administrator });
  return (
    <AdminPage title={t("linkRules.title")} lead={t("linkRules.lead")} of={query} failed={t("linkRules.failed")}>
      {administrator && query.data !== undefined ? <Editor kept={query.data} /> : null}
    </AdminPage>
  );
}

function Editor({ kept }: { kept: LinkSettings }) {
  const [draft, setDraft] = useState(() => draftOf(kept));
  const settings = settingsOf(draft);
  return (
    <div className={page.stack}>
      <Rules kept={kept} draft={draft} settings={settings} onChange={setDraft} />
      <DryRun settings={settings} />
      <Batches />
    </div>
  );
}

interface RulesProps {
  kept: LinkSettings;
  draft: RulesDraft;
  /** What the draft says; absent while it makes no sense. */
  settings: LinkSettings | undefined;
  onChange: (draft: RulesDraft) => void;
}

function Rules({ kept, draft, settings, onChange }: RulesProps) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: (body: LinkSettings) => take(api.PUT("/api/v1/links/settings", { body })),
    onSuccess: (saved) => {
      client.setQueryData(linkSettingsQuery.queryKey, saved);
      tell(t("linkRules.saved"));
    },
  });
  const change = (part: Partial<RulesDraft>) => onChange({ ...draft, ...part });
  return (
    <form
      className={page.card}
      aria-label={t("linkRules.settings")}
      onSubmit={(event) => {
        event.preventDefault();
        if (settings !== undefined) {
          save.mutate(settings);
        }
      }}
    >
      <Stack>
        <Checkbox
          label={t("linkRules.firstAddressWins")}
          description={t("linkRules.firstAddressWinsWhat")}
          checked={draft.firstAddressWins}
          onChange={(event) => change({ firstAddressWins: event.currentTarget.checked })}
        />
        <Checkbox
          label={t("linkRules.contactsOneByOne")}
          description={t("linkRules.contactsOneByOneWhat")}
          checked={draft.contactsOneByOne}
          onChange={(event) => change({ contactsOneByOne: event.currentTarget.checked })}
        />
        <NumberInput
          label={t("linkRules.months")}
          description={t("linkRules.monthsWhat")}
          placeholder={t("linkRules.allMonths")}
          maw={420}
          min={1}
          max={MONTHS_MAX}
          clampBehavior="none"
          allowDecimal={false}
          allowNegative={false}
          value={draft.months}
          error={settings === undefined ? t("linkRules.between", { most: number(MONTHS_MAX) }) : undefined}
          onChange={(months) => change({ months })}
        />
        <Textarea
          label={t("linkRules.ownNumbers")}
          description={t("linkRules.ownNumbersWhat")}
          maw={620}
          autosize
          minRows={2}
          maxRows={12}
          value={draft.ownNumbers}
          onChange={(event) => change({ ownNumbers: event.currentTarget.value })}
        />
        <Checkbox
          label={t("linkRules.deputiesCount")}
          description={t("linkRules.deputiesCountWhat")}
          checked={draft.deputiesCount}
          onChange={(event) => change({ deputiesCount: event.currentTarget.checked })}
        />
        <MaskFields draft={draft} onChange={change} />
        <FormEnd
          save={save}
          label={t("form.save")}
          failed={t("linkRules.notSaved")}
          disabled={settings === undefined || same(settings, kept)}
        />
      </Stack>
    </form>
  );
}

/** The settings of the form above, tried on past mails. */
function DryRun({ settings }: { settings: LinkSettings | undefined }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const [draft, setDraft] = useState<TryDraft>(NOTHING_TRIED);
  const change = (part: Partial<TryDraft>) => setDraft({ ...draft, ...part });
  const run = useMutation({ mutationFn: whatIf });
  const asked = requestOf(settings, draft);
  // A result speaks of what was tried.
  const found = same(run.variables, asked) ? run.data : undefined;
  return (
    <section className={page.card} aria-label={t("linkRules.dryRun")}>
      <h2>{t("linkRules.dryRun")}</h2>
      <p className={page.dimmed}>{t("linkRules.dryRunWhat")}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (asked !== undefined) {
            run.mutate(asked);
          }
        }}
      >
        <Stack>
          <NumberInput
            label={t("linkRules.last")}
            maw={220}
            min={1}
            max={LAST_MAX}
            clampBehavior="none"
            allowDecimal={false}
            allowNegative={false}
            value={draft.last}
            error={fits(draft.last, LAST_MAX) ? undefined : t("linkRules.between", { most: number(LAST_MAX) })}
            onChange={(last) => change({ last })}
          />
          <Checkbox
            label={t("linkRules.recordsOfToday")}
            description={t("linkRules.recordsOfTodayWhat")}
            checked={draft.recordsOfToday}
            onChange={(event) => change({ recordsOfToday: event.currentTarget.checked })}
          />
          <Textarea
            label={t("linkRules.block")}
            description={t("linkRules.blockWhat")}
            maw={620}
            autosize
            minRows={2}
            maxRows={12}
            value={draft.block}
            onChange={(event) => change({ block: event.currentTarget.value })}
          />
          {run.error === null ? null : <Failure error={run.error} what={t("linkRules.notTried")} />}
          <div className={page.row}>
            <Button
              type="submit"
              variant={found === undefined ? "filled" : "default"}
              leftSection={<IconFlask size={17} aria-hidden />}
              loading={run.isPending}
              disabled={asked === undefined}
            >
              {t("linkRules.dryRun")}
            </Button>
          </div>
        </Stack>
      </form>
      {found === undefined || asked === undefined ? null : (
        <>
          <WhatIfResult found={found} />
          <Activation
            asked={asked}
            found={found}
            onActivated={() => {
              run.reset();
              change({ block: "" });
            }}
          />
        </>
      )}
    </section>
  );
}

interface ActivationProps {
  asked: WhatIfRequest;
  found: WhatIfAnswer;
  onActivated: () => void;
}

/** Puts into effect what was tried, for past mails too if wanted. */
function Activation({ asked, found, onActivated }: ActivationProps) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const client = useQueryClient();
  const [past, setPast] = useState(false);
  const affected = found.seen - found.unchanged;
  const activate = useMutation({
    mutationFn: () => take(api.POST("/api/v1/links/what-if/activate", { body: { tried: asked, past } })),
    onSuccess: async ({ changed }) => {
      tell(
        past
          ? t("linkRules.activatedPast", { count: changed, mails: number(changed) })
          : t("linkRules.activated"),
      );
      onActivated();
      await Promise.all([
        client.invalidateQueries({ queryKey: linkSettingsQuery.queryKey }),
        client.invalidateQueries({ queryKey: blocklistQuery.queryKey }),
        client.invalidateQueries({ queryKey: linkBatchesQuery.queryKey }),
        linksChanged(client),
      ]);
    },
  });
  return (
    <form
      className={css.activation}
      aria-label={t("linkRules.activate")}
      onSubmit={(event) => {
        event.preventDefault();
        activate.mutate();
      }}
    >
      <Stack>
        {affected === 0 ? null : (
          <Checkbox
            label={t("linkRules.past", { count: affected, mails: number(affected) })}
            description={t("linkRules.pastWhat")}
            checked={past}
            onChange={(event) => setPast(event.currentTarget.checked)}
          />
        )}
        <FormEnd save={activate} label={t("linkRules.activate")} failed={t("linkRules.notActivated")} />
      </Stack>
    </form>
  );
}
