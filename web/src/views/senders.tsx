import { Button, Checkbox, Select, TextInput } from "@mantine/core";
import { IconBan, IconDownload, IconMailbox, IconRobot, IconSearch } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import type { Sender } from "../api/types";
import css from "../correspondence/correspondence.module.css";
import { useFormats } from "../lang/format";
import { Loading } from "../parts/Loading";
import { More } from "../parts/More";
import { Empty, Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PlainLink } from "../parts/PlainLink";
import { useExport } from "../search/useExport";

/** What is looked for, as it stands in the address of the page. */
export interface SenderSearch {
  q?: string | undefined;
  all?: "1" | undefined;
  order?: "last" | undefined;
}

interface Query {
  search?: string;
  machines?: number;
  order: "count" | "last";
}

const asked = ({ q, all, order }: SenderSearch): Query => ({
  ...(q !== undefined && { search: q }),
  ...(all !== undefined && { machines: 1 }),
  order: order ?? "count",
});

const words = (query: Query) =>
  new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString();

/** Addresses that wrote to us, and the list of them for mailing programs. */
export function Senders() {
  const { t } = useTranslation();
  const search: SenderSearch = useSearch({ strict: false });
  const query = asked(search);
  const found = useInfiniteQuery({
    queryKey: ["senders", query],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/senders", {
          params: { query: { ...query, limit: 100, ...(pageParam !== null && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
  const rows = found.data?.pages.flatMap(({ items }) => items) ?? [];
  const refused = isProblem(found.error, 403);
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={t("senders.title")} lead={t("senders.lead")}>
          {refused ? null : <Exports query={query} />}
        </PageHead>
        {refused ? <Notice tone="info">{t("senders.notAllowed")}</Notice> : <Filters search={search} />}
        {refused ? null : <Loading of={found} what={t("senders.failed")} height={220} />}
        {found.isSuccess && rows.length === 0 ? (
          <Empty icon={IconMailbox}>{search.q === undefined ? t("senders.none") : t("senders.noneFound")}</Empty>
        ) : null}
        {rows.length > 0 ? (
          <ul className={css.rows} aria-label={t("senders.title")}>
            {rows.map((row) => (
              <li key={row.address}>
                <Row row={row} />
              </li>
            ))}
          </ul>
        ) : null}
        {refused ? null : <More of={found} label={t("senders.more")} failed={t("senders.failed")} />}
      </div>
    </div>
  );
}

function Row({ row }: { row: Sender }) {
  const { t } = useTranslation();
  const { listDate, number } = useFormats();
  return (
    <PlainLink to="/mail" search={{ q: `from:${row.address}` }} className={css.sender}>
      <span className={css.who}>
        <span className={css.name}>{row.name === "" ? row.address : row.name}</span>
        {row.name === "" ? null : <span className={css.address}>{row.address}</span>}
      </span>
      <span className={css.marks}>
        {row.suppressed ? (
          <span className={css.suppressed}>
            <IconBan size={14} aria-hidden /> {t("senders.suppressed")}
          </span>
        ) : null}
        {row.role || row.personal === 0 ? (
          <span className={css.mark}>
            <IconRobot size={14} aria-hidden /> {t("senders.machine")}
          </span>
        ) : null}
      </span>
      <span className={css.count}>{t("senders.mails", { count: row.count, number: number(row.count) })}</span>
      <span className={css.days}>{t("senders.days", { first: listDate(row.first), last: listDate(row.last) })}</span>
    </PlainLink>
  );
}

function Exports({ query }: { query: Query }) {
  const { t } = useTranslation();
  const { start, pending, dialog } = useExport();
  return (
    <div className={page.row}>
      {(["csv", "xlsx"] as const).map((format) => (
        <Button
          key={format}
          variant="default"
          loading={pending}
          leftSection={<IconDownload size={16} aria-hidden />}
          onClick={() =>
            start({
              address: `/api/v1/senders/export?${words(query)}&format=${format}`,
              q: words(query),
              format: `senders_${format}`,
              check: () => take(api.GET("/api/v1/senders/export/check", { params: { query } })),
            })
          }
        >
          {t(`senders.${format}`)}
        </Button>
      ))}
      {dialog}
    </div>
  );
}

function Filters({ search }: { search: SenderSearch }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [typed, setTyped] = useState(search.q ?? "");
  const choose = (part: SenderSearch) => void navigate({ to: "/senders", search: { ...search, ...part }, replace: true });
  const look = (text: string) => choose({ q: text.trim() === "" ? undefined : text.trim() });
  return (
    <form
      className={css.filters}
      role="search"
      aria-label={t("senders.filters")}
      onSubmit={(event) => {
        event.preventDefault();
        look(typed);
      }}
    >
      <TextInput
        className={css.wide}
        label={t("senders.search")}
        placeholder={t("senders.searchHint")}
        type="search"
        maxLength={320}
        autoComplete="off"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          if (event.currentTarget.value === "") {
            look("");
          }
        }}
        onBlur={() => look(typed)}
      />
      <Button type="submit" variant="default">
        {t("addresses.find")}
      </Button>
      <Select
        label={t("senders.order")}
        allowDeselect={false}
        data={[
          { value: "count", label: t("senders.byCount") },
          { value: "last", label: t("senders.byLast") },
        ]}
        value={search.order ?? "count"}
        onChange={(order) => choose({ order: order === "last" ? "last" : undefined })}
      />
      <Checkbox
        className={css.check}
        label={t("senders.withMachines")}
        checked={search.all !== undefined}
        onChange={(event) => choose({ all: event.currentTarget.checked ? "1" : undefined })}
      />
    </form>
  );
}
