import { Button, Select } from "@mantine/core";
import { IconDownload, IconFileImport } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { importEntriesQuery, importQuery } from "../api/queries";
import type { ImportEntry, ImportOutcome } from "../api/types";
import { Counts } from "../imports/Counts";
import css from "../imports/imports.module.css";
import { isOutcome, OUTCOMES } from "../imports/outcomes";
import { useFormats } from "../lang/format";
import { Loading } from "../parts/Loading";
import { More } from "../parts/More";
import { Empty, Notice, Pill, type Tone } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PlainLink } from "../parts/PlainLink";

const route = getRouteApi("/shell/imports/$importId");

/** What became of each entry of an import, with filters and downloads. */
export function ImportReport() {
  const { t } = useTranslation();
  const { number, shortDate } = useFormats();
  const navigate = useNavigate();
  const { importId } = route.useParams();
  const { outcome } = route.useSearch();
  const run = useQuery(importQuery(importId)).data;
  const found = useInfiniteQuery(importEntriesQuery(importId, outcome));
  const entries = found.data?.pages.flatMap(({ items }) => items) ?? [];
  const reasons = found.data?.pages[0]?.reasons.filter((reason) => outcome === undefined || reason.outcome === outcome);
  const file = (ending: string) => `/api/v1/imports/${importId}/report.${ending}`;
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={t("imports.report.title")} lead={t("imports.report.lead")} />
        {run === undefined ? null : (
          <section aria-label={run.name}>
            <p className={page.dimmed}>
              <b>{run.name}</b> · {t("imports.into")} {run.account_name} ·{" "}
              <time dateTime={run.started}>{shortDate(run.started)}</time>
            </p>
            <Counts run={run} />
            <div className={page.spaced}>
              <Notice tone={run.complete ? "ok" : "warn"}>
                {run.complete
                  ? t("imports.report.complete")
                  : run.state === "running"
                    ? t("imports.report.running")
                    : t("imports.report.incomplete")}
              </Notice>
            </div>
          </section>
        )}
        <div className={css.tools}>
          <Select
            label={t("imports.report.filter")}
            allowDeselect={false}
            data={[
              { value: "all", label: t("imports.report.all") },
              ...OUTCOMES.map((value) => ({ value, label: t(`imports.report.outcomes.${value}`) })),
            ]}
            value={outcome ?? "all"}
            onChange={(value) =>
              void navigate({
                to: "/imports/$importId",
                params: { importId },
                search: { outcome: isOutcome(value) ? value : undefined },
                replace: true,
              })
            }
          />
          {(["csv", "json"] as const).map((ending) => (
            <Button
              key={ending}
              component="a"
              href={file(ending)}
              download
              variant="default"
              leftSection={<IconDownload size={16} aria-hidden />}
            >
              {t(`imports.report.${ending}`)}
            </Button>
          ))}
        </div>
        {reasons === undefined || reasons.length === 0 ? null : (
          <details>
            <summary className={css.summary}>{t("imports.report.reasons")}</summary>
            <ul className={css.failures}>
              {reasons.map((reason) => (
                <li key={`${reason.outcome} ${reason.reason}`} className={css.reason}>
                  <span>{reason.reason}</span>
                  <span>{number(reason.entries)}</span>
                </li>
              ))}
            </ul>
          </details>
        )}
        <Loading of={found} what={t("imports.report.failed")} height={220} />
        {found.isSuccess && entries.length === 0 ? (
          <Empty icon={IconFileImport}>{t("imports.report.none")}</Empty>
        ) : null}
        <ol className={css.entries} aria-label={t("imports.report.entries")}>
          {entries.map((entry) => (
            <Entry key={entry.n} entry={entry} />
          ))}
        </ol>
        <More of={found} label={t("imports.report.more")} failed={t("imports.report.failed")} />
      </div>
    </div>
  );
}

const TONES: Record<ImportOutcome, Tone> = {
  archived: "ok",
  duplicate: "neutral",
  excluded: "neutral",
  failed: "danger",
};

function Entry({ entry }: { entry: ImportEntry }) {
  const { t } = useTranslation();
  const { octets } = useFormats();
  const of = entry.duplicate_of;
  return (
    <li>
      <Pill tone={TONES[entry.outcome]}>{t(`imports.report.outcomes.${entry.outcome}`)}</Pill>
      <div className={css.entry}>
        <span className={page.mono}>{entry.locator}</span>
        {entry.reason === null ? null : <span className={page.dimmed}>{entry.reason}</span>}
        {of === null ? null : (
          <span className={page.dimmed}>
            {t("imports.report.sameAs", {
              account: of.account_name,
              mailbox: of.mailbox,
              place: of.locator ?? String(of.uid ?? ""),
            })}
          </span>
        )}
      </div>
      <div className={css.end}>
        {entry.octets === 0 ? null : <span className={page.dimmed}>{octets(entry.octets)}</span>}
        {entry.mail === null ? null : <PlainLink to={`/m/${entry.mail}`}>{t("imports.report.open")}</PlainLink>}
      </div>
    </li>
  );
}
