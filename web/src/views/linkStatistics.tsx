import { Select, Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormats } from "../lang/format";
import { linkStatisticsQuery } from "../links/queries";
import { keyOf } from "../links/words";
import { Loading } from "../parts/Loading";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { wordOr } from "../reader/words";

const PERIODS = [7, 30, 90, 365] as const;
const SHARES = ["linked", "inherited", "ambiguous", "none", "by_hand", "corrected", "needless"] as const;

/** How many mails were linked by rule and by hand, and how often a rule was wrong. */
export function LinkStatistics() {
  const { t } = useTranslation();
  const { number, rate } = useFormats();
  const [days, setDays] = useState(30);
  const query = useQuery(linkStatisticsQuery(days));
  const { data } = query;
  const all = data === undefined ? 0 : data.linked + data.inherited + data.ambiguous + data.none;
  const share = (count: number, of: number) => (of === 0 ? number(count) : `${number(count)} · ${rate(count / of)}`);
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={t("linkStatistics.title")} lead={t("linkStatistics.lead")} />
        <Select
          label={t("linkStatistics.period")}
          w={220}
          mb="md"
          allowDeselect={false}
          value={String(days)}
          onChange={(value) => setDays(Number(value ?? 30))}
          data={PERIODS.map((period) => ({
            value: String(period),
            label: t("linkStatistics.days", { count: period }),
          }))}
        />
        <Loading of={query} what={t("linkStatistics.failed")} height={180} />
        {data === undefined ? null : (
          <div className={page.stack}>
            <dl className={page.numbers}>
              {SHARES.map((one) => (
                <div key={one} className={page.number}>
                  <dt>{t(`linkStatistics.shares.${one}`)}</dt>
                  <dd>{share(data[one], all)}</dd>
                </div>
              ))}
            </dl>
            <section className={page.card}>
              <h2>{t("linkStatistics.ways")}</h2>
              <div className={page.scrollX} tabIndex={0} role="region" aria-label={t("linkStatistics.ways")}>
                <Table>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>{t("linkStatistics.way")}</Table.Th>
                      <Table.Th>{t("linkStatistics.links")}</Table.Th>
                      <Table.Th>{t("linkStatistics.removed")}</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {data.hows.map((count) => (
                      <Table.Tr key={count.how}>
                        <Table.Td>{wordOr(t, `links.how.${keyOf(count.how)}`, count.how)}</Table.Td>
                        <Table.Td>{number(count.links)}</Table.Td>
                        <Table.Td>{share(count.removed, count.links)}</Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </div>
              {data.hows.length === 0 ? <p className={page.dimmed}>{t("linkStatistics.noLinks")}</p> : null}
            </section>
          </div>
        )}
      </div>
    </div>
  );
}
