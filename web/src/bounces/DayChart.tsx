import { useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useFormats } from "../lang/format";
import page from "../parts/Page.module.css";
import { PlainLink } from "../parts/PlainLink";
import css from "./bounces.module.css";
import { bounced, type Bucket, type Group, GROUPS, shareOf } from "./counts";

const HEIGHT = 100;
const STEP = 10;

/** Mails of the days of a bar. */
function mailsOf({ first, end }: Bucket): string {
  return `kind:bounce after:${first} before:${end}`;
}

/** Bars by day or week; the same as a table below. A click on a bar leads to its mails, as do the links of the table. */
export function DayChart({ buckets, weeks }: { buckets: Bucket[]; weeks: boolean }) {
  const { t } = useTranslation();
  const { number, rate, listDate } = useFormats();
  const router = useRouter();
  const day = (of: string) => listDate(`${of}T12:00:00Z`, new Date(0));
  const top = buckets.reduce((most, one) => (one.sums.total > most.sums.total ? one : most));
  const most = Math.max(top.sums.total, 1);
  const total = buckets.reduce((sum, one) => sum + one.sums.total, 0);
  const words = { total: number(total), most: number(top.sums.total), day: day(top.first) };
  const shown = buckets.filter(({ sums }) => sums.total > 0);
  const known = buckets.some(({ sent }) => sent !== undefined);
  const rated = (part: number, whole: number | undefined) => {
    const share = shareOf(part, whole);
    return share === undefined ? "–" : rate(share);
  };
  return (
    <figure style={{ margin: 0 }}>
      <svg
        className={css.chart}
        viewBox={`0 0 ${buckets.length * STEP} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t(weeks ? "bounces.chartWeeks" : "bounces.chart", words)}
      >
        {[0, 0.5, 1].map((share) => (
          <line
            key={share}
            className={css.ground}
            x1={0}
            x2={buckets.length * STEP}
            y1={share * HEIGHT}
            y2={share * HEIGHT}
            vectorEffect="non-scaling-stroke"
          />
        ))}
        {buckets.map((bucket, at) => (
          <Bar key={bucket.first} bucket={bucket} at={at} most={most} />
        ))}
        {buckets.map((bucket, at) =>
          bucket.sums.total === 0 ? null : (
            <rect
              key={bucket.first}
              className={css.hit}
              x={at * STEP}
              y={0}
              width={STEP}
              height={HEIGHT}
              onClick={() => void router.navigate({ to: "/mail", search: { q: mailsOf(bucket) } })}
            >
              <title>{`${day(bucket.first)}: ${number(bucket.sums.total)}`}</title>
            </rect>
          ),
        )}
      </svg>
      <div className={css.axis} aria-hidden>
        <span>{day(buckets[0]?.first ?? "")}</span>
        <span>{t("bounces.most", { most: number(top.sums.total) })}</span>
        <span>{day(buckets.at(-1)?.first ?? "")}</span>
      </div>
      <Legend />
      <details className={css.details}>
        <summary>{t("bounces.asTable")}</summary>
        <div className={page.scrollX}>
          <table className={css.table}>
            <thead>
              <tr>
                <th scope="col">{t(weeks ? "bounces.week" : "bounces.day")}</th>
                {GROUPS.map((group) => (
                  <th key={group} scope="col">
                    {t(`bounces.groups.${group}`)}
                  </th>
                ))}
                <th scope="col">{t("bounces.total")}</th>
                <th scope="col">{t("bounces.permanentShare")}</th>
                {known ? (
                  <>
                    <th scope="col">{t("bounces.sent")}</th>
                    <th scope="col">{t("bounces.bounceRate")}</th>
                  </>
                ) : null}
              </tr>
            </thead>
            <tbody>
              {shown.map((bucket) => (
                <tr key={bucket.first}>
                  <td>
                    <PlainLink
                      to="/mail"
                      search={{ q: mailsOf(bucket) }}
                      className={css.link}
                      aria-label={t("bounces.showMails", { day: day(bucket.first) })}
                    >
                      {day(bucket.first)}
                    </PlainLink>
                  </td>
                  {GROUPS.map((group) => (
                    <td key={group}>{number(bucket.sums[group])}</td>
                  ))}
                  <td>{number(bucket.sums.total)}</td>
                  <td>{rated(bucket.sums.permanent, bucket.sums.total)}</td>
                  {known ? (
                    <>
                      <td>{number(bucket.sent ?? 0)}</td>
                      <td>{rated(bounced(bucket.sums), bucket.sent)}</td>
                    </>
                  ) : null}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

function Bar({ bucket, at, most }: { bucket: Bucket; at: number; most: number }) {
  let top = HEIGHT;
  const pieces: { group: Group; y: number; height: number }[] = [];
  for (const group of GROUPS) {
    const height = (bucket.sums[group] / most) * (HEIGHT - 4);
    top -= height;
    if (height > 0) {
      pieces.push({ group, y: top, height });
    }
  }
  return (
    <>
      {pieces.map(({ group, y, height }) => (
        <rect
          key={group}
          className={`${css.fill} ${css[group]}`}
          x={at * STEP + 1.5}
          y={y}
          width={STEP - 3}
          height={height}
        />
      ))}
    </>
  );
}

function Legend() {
  const { t } = useTranslation();
  return (
    <ul className={css.legend}>
      {GROUPS.map((group) => (
        <li key={group}>
          <span className={`${css.swatch} ${css[group]}`} aria-hidden />
          {t(`bounces.groups.${group}`)}
        </li>
      ))}
    </ul>
  );
}
