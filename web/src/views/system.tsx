import { Progress } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { doctorQuery, statusQuery } from "../api/queries";
import { useSession } from "../api/session";
import type { Status } from "../api/types";
import { useFormats } from "../lang/format";
import { Loading } from "../parts/Loading";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PlainLink } from "../parts/PlainLink";

/** Below this share of free room the disk is shown as nearly full. */
const DISK_LOW = 0.1;

/** How the server is doing. */
export function System() {
  const { t } = useTranslation();
  const query = useQuery({ ...statusQuery, refetchInterval: 10_000 });
  const { data, dataUpdatedAt } = query;
  return (
    <div className={page.inner}>
      <PageHead title={t("system.title")} lead={t("system.lead")} />
      <Loading of={query} what={t("system.failed")} height={220} />
      {data === undefined ? null : <Numbers status={data} at={dataUpdatedAt} />}
    </div>
  );
}

/** `at`: when the server said so, milliseconds. */
function Numbers({ status, at }: { status: Status; at: number }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { organisation } = useSession();
  const { stages } = status;
  const since = new Date(at - status.uptime_seconds * 1000).toISOString();
  return (
    <div className={page.stack}>
      <Troubles />
      <dl className={page.numbers}>
        <Count label={t("system.messages")} value={number(status.messages)} />
        <Count label={t("system.unread")} value={number(status.unread)} />
        {stages === null ? null : (
          <>
            <Count label={t("system.received")} value={number(stages.received)} />
            <Count label={t("system.filed")} value={number(stages.filed)} />
          </>
        )}
        <Count label={t("system.quarantined")} value={number(status.quarantined)} />
      </dl>
      <section className={page.card}>
        <h2>{t("system.search")}</h2>
        <p className={page.dimmed}>
          {status.index_behind === 0
            ? t("system.indexCurrent")
            : t("system.indexBehind", { count: status.index_behind, shown: number(status.index_behind) })}
        </p>
      </section>
      {status.disk == null ? null : <Disk free={status.disk.free_octets} total={status.disk.total_octets} />}
      <section className={page.card}>
        <h2>{t("system.server")}</h2>
        <Facts version={status.version} organisation={organisation} since={since} />
      </section>
    </div>
  );
}

function Count({ label, value }: { label: string; value: string }) {
  return (
    <div className={page.number}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** What is blind or about to be, in short. */
function Troubles() {
  const { t } = useTranslation();
  const { data } = useQuery(doctorQuery);
  if (data === undefined) {
    return null;
  }
  return data.ok ? (
    <Notice tone="ok">{t("system.allWell")}</Notice>
  ) : (
    <section className={page.stack} aria-label={t("doctor.title")}>
      {data.conditions.map((of) => (
        <Notice
          key={of.id}
          tone={of.severity === "critical" ? "danger" : "warn"}
          actions={<PlainLink to="/doctor">{t("doctor.look")}</PlainLink>}
        >
          {of.what}
        </Notice>
      ))}
    </section>
  );
}

function Disk({ free, total }: { free: number; total: number }) {
  const { t } = useTranslation();
  const { octets, percent } = useFormats();
  const share = total === 0 ? 0 : free / total;
  const low = share < DISK_LOW;
  const text = t("system.free", { free: octets(free), total: octets(total), percent: percent(share) });
  return (
    <section className={page.card}>
      <h2>{t("system.disk")}</h2>
      <p className={page.dimmed}>{text}</p>
      <Progress value={(1 - share) * 100} color={low ? "red.8" : undefined} aria-label={text} />
      {low ? (
        <div className={page.spaced}>
          <Notice tone="warn">{t("system.diskLow")}</Notice>
        </div>
      ) : null}
    </section>
  );
}

function Facts({ version, organisation, since }: { version: string; organisation: string; since: string }) {
  const { t } = useTranslation();
  const { shortDate, ago } = useFormats();
  return (
    <dl className={page.facts}>
      <dt>{t("system.version")}</dt>
      <dd>{version}</dd>
      <dt>{t("system.organisation")}</dt>
      <dd>{organisation}</dd>
      <dt>{t("system.started")}</dt>
      <dd>
        {shortDate(since)} ({ago(since)})
      </dd>
    </dl>
  );
}
