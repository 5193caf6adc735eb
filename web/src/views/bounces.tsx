import { SegmentedControl } from "@mantine/core";
import { IconMailCheck } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { addressesQuery, dashboardQuery } from "../api/queries";
import type { BounceDashboard } from "../api/types";
import { AddressRows } from "../bounces/AddressRows";
import css from "../bounces/bounces.module.css";
import { bounced, bucketsOf, GROUPS, shareOf, stepFor, type Sums, sumsOf, totalOf } from "../bounces/counts";
import { DayChart } from "../bounces/DayChart";
import { STATE_WORDS } from "../bounces/states";
import { SumTable } from "../bounces/SumTable";
import { useFormats } from "../lang/format";
import { ButtonLink } from "../parts/ButtonLink";
import { Failure } from "../parts/Failure";
import { Loading } from "../parts/Loading";
import { Empty } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PlainLink } from "../parts/PlainLink";
import { wordOr } from "../reader/words";
import { quote } from "../search/words";

const PERIODS = [7, 30, 90, 365] as const;
/** Addresses to correct shown of each state. */
const SHOWN = 5;

/** What comes back, and what there is to do about it. */
export function Bounces() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { days: asked } = useSearch({ strict: false });
  const days = PERIODS.find((one) => String(one) === asked) ?? 30;
  const query = useQuery(dashboardQuery(days));
  const { data } = query;
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={t("bounces.title")} lead={t("bounces.lead")}>
          <SegmentedControl
            size="xs"
            aria-label={t("bounces.period")}
            data={PERIODS.map((one) => ({
              value: String(one),
              label: one === 365 ? t("bounces.year") : t("bounces.days", { count: one }),
            }))}
            value={String(days)}
            onChange={(value) =>
              void navigate({ to: "/bounces", search: { days: value === "30" ? undefined : value }, replace: true })
            }
          />
        </PageHead>
        <Loading of={query} what={t("bounces.failed")} height={320} />
        {data === undefined ? null : (
          <>
            <States data={data} />
            <ToCorrect />
            <Numbers data={data} days={days} />
          </>
        )}
      </div>
    </div>
  );
}

function States({ data }: { data: BounceDashboard }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const counts = new Map(data.states.map(({ state, count }) => [state, count]));
  return (
    <ul className={css.tiles} aria-label={t("bounces.states")}>
      <li>
        <PlainLink to="/bounces/manual" className={css.tile}>
          {t("bounces.waiting")}
          <b>{number(data.waiting)}</b>
        </PlainLink>
      </li>
      {STATE_WORDS.filter((state) => state !== "fine" && (counts.get(state) ?? 0) > 0).map((state) => (
        <li key={state}>
          <PlainLink to="/bounces/addresses" search={{ state }} className={css.tile}>
            {t(`feedback.states.${state}`)}
            <b>{number(counts.get(state) ?? 0)}</b>
          </PlainLink>
        </li>
      ))}
    </ul>
  );
}

/** Dead and failing addresses: somebody should ask for new ones. */
function ToCorrect() {
  const { t } = useTranslation();
  const dead = useInfiniteQuery(addressesQuery("dead", SHOWN));
  const failing = useInfiniteQuery(addressesQuery("failing", SHOWN));
  const rows = [dead, failing].flatMap((one) => one.data?.pages[0]?.items ?? []);
  const error = dead.error ?? failing.error;
  return (
    <section>
      <h2 className={css.section}>{t("bounces.toCorrect")}</h2>
      <p className={page.dimmed}>
        {dead.isSuccess && failing.isSuccess && rows.length === 0
          ? t("bounces.noneToCorrect")
          : t("bounces.toCorrectLead")}
      </p>
      {error === null ? null : (
        <Failure
          error={error}
          what={t("addresses.failed")}
          retry={() => {
            void dead.refetch();
            void failing.refetch();
          }}
        />
      )}
      <AddressRows rows={rows} label={t("bounces.toCorrect")} />
      <div className={`${page.row} ${page.spaced}`}>
        {dead.hasNextPage ? (
          <ButtonLink to="/bounces/addresses?state=dead" size="xs" variant="default">
            {t("bounces.allDead")}
          </ButtonLink>
        ) : null}
        {failing.hasNextPage ? (
          <ButtonLink to="/bounces/addresses?state=failing" size="xs" variant="default">
            {t("bounces.allFailing")}
          </ButtonLink>
        ) : null}
      </div>
    </section>
  );
}

function Numbers({ data, days }: { data: BounceDashboard; days: number }) {
  const { t } = useTranslation();
  const { number, rate } = useFormats();
  const step = stepFor(days);
  const buckets = bucketsOf(data.days, data.since, days, step, data.sent);
  const all = totalOf(buckets.map(({ sums }) => sums));
  if (all.total === 0) {
    return <Empty icon={IconMailCheck}>{t("bounces.none")}</Empty>;
  }
  return (
    <div className={`${page.stack} ${css.gap}`}>
      <Rates data={data} all={all} />
      <section className={page.card}>
        <h2>{t(step === 1 ? "bounces.byDay" : "bounces.byWeek")}</h2>
        <DayChart buckets={buckets} weeks={step !== 1} />
      </section>
      <section className={page.card}>
        <h2>{t("bounces.byPermanence")}</h2>
        <table className={css.table}>
          <tbody>
            {GROUPS.map((group) => (
              <tr key={group}>
                <th scope="row">
                  <span className={css.named}>
                    <span className={`${css.swatch} ${css[group]}`} aria-hidden />
                    {t(`bounces.groups.${group}`)}
                  </span>
                </th>
                <td>{number(all[group])}</td>
                <td>{rate(all[group] / all.total)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <SumTable
        title={t("bounces.byDomain")}
        of={t("bounces.domain")}
        rows={sumsOf(data.domains)}
        all={all.total}
        addresses={new Map(data.affected_domains.map((one) => [one.of, one.count]))}
        name={(domain) =>
          domain === "" ? (
            t("bounces.unknownDomain")
          ) : (
            <PlainLink to="/mail" search={{ q: `kind:bounce ${quote(domain)}` }} className={css.link}>
              {domain}
            </PlainLink>
          )
        }
      />
      <SumTable
        title={t("bounces.byReason")}
        of={t("bounces.reason")}
        rows={sumsOf(data.reasons)}
        all={all.total}
        name={(reason) => (reason === "" ? t("reasons.unknown") : wordOr(t, `reasons.${reason}`, reason))}
      />
    </div>
  );
}

/** What the numbers mean compared with what there is. */
function Rates({ data, all }: { data: BounceDashboard; all: Sums }) {
  const { t } = useTranslation();
  const { number, rate } = useFormats();
  const sent = data.sent?.reduce((sum, one) => sum + one.count, 0);
  const bounceRate = shareOf(bounced(all), sent);
  const affected = shareOf(data.affected, data.known);
  return (
    <section className={page.card}>
      <h2>{t("bounces.rates")}</h2>
      <dl className={page.numbers}>
        <div className={page.number}>
          <dt>{t("bounces.permanentShare")}</dt>
          <dd>{rate(all.permanent / all.total)}</dd>
          <dd className={css.note}>{t("bounces.permanentOf", { count: all.total })}</dd>
        </div>
        <div className={page.number}>
          <dt>{t("bounces.affected")}</dt>
          <dd>
            {number(data.affected)}
            {affected === undefined ? null : ` · ${rate(affected)}`}
          </dd>
          <dd className={css.note}>{t("bounces.affectedOf", { count: data.known })}</dd>
        </div>
        <div className={page.number}>
          <dt>{t("bounces.bounceRate")}</dt>
          <dd>{bounceRate === undefined ? t("bounces.sentUnknown") : rate(bounceRate)}</dd>
          <dd className={css.note}>
            {sent === undefined ? t("bounces.sentUnknownWhat") : t("bounces.bounceRateOf", { count: sent })}
          </dd>
        </div>
      </dl>
    </section>
  );
}
