import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useFormats } from "../lang/format";
import page from "../parts/Page.module.css";
import css from "./bounces.module.css";
import { GROUPS, type Sums } from "./counts";

interface SumTableProps {
  title: string;
  /** Heading of the first column. */
  of: string;
  rows: [string, Sums][];
  /** All there is, of which the shares are. */
  all: number;
  /** How many addresses each name has that something was reported of. */
  addresses?: Map<string, number>;
  /** How a name is shown. */
  name: (of: string) => ReactNode;
}

/** Numbers by name with a bar for each. */
export function SumTable({ title, of, rows, all, addresses, name }: SumTableProps) {
  const { t } = useTranslation();
  const { number, rate } = useFormats();
  const most = rows[0]?.[1].total ?? 1;
  return (
    <section className={page.card}>
      <h2>{title}</h2>
      <div className={page.scrollX}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">{of}</th>
              <td className={css.bar} />
              <th scope="col">{t("bounces.total")}</th>
              <th scope="col">{t("bounces.share")}</th>
              <th scope="col">{t("bounces.permanentShare")}</th>
              {addresses === undefined ? null : <th scope="col">{t("bounces.addresses")}</th>}
            </tr>
          </thead>
          <tbody>
            {rows.map(([key, sums]) => (
              <tr key={key}>
                <td>{name(key)}</td>
                <td className={css.bar}>
                  <SumBar sums={sums} most={most} />
                </td>
                <td>{number(sums.total)}</td>
                <td>{rate(sums.total / Math.max(all, 1))}</td>
                <td>{rate(sums.permanent / Math.max(sums.total, 1))}</td>
                {addresses === undefined ? null : <td>{number(addresses.get(key) ?? 0)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** One lying bar; its numbers stand beside it. */
export function SumBar({ sums, most }: { sums: Sums; most: number }) {
  const starts = GROUPS.map((_, at) => GROUPS.slice(0, at).reduce((sum, group) => sum + sums[group], 0));
  return (
    <svg width="100%" height={12} viewBox={`0 0 ${Math.max(most, 1)} 1`} preserveAspectRatio="none" aria-hidden>
      {GROUPS.map((group, at) => (
        <rect
          key={group}
          className={`${css.fill} ${css[group]}`}
          x={starts[at]}
          y={0}
          width={sums[group]}
          height={1}
        />
      ))}
    </svg>
  );
}
