import { Button, Select, TextInput } from "@mantine/core";
import { IconDownload, IconFilterOff, IconHistory } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import type { LogEvent } from "../api/types";
import { useFormats } from "../lang/format";
import { currentLanguage } from "../lang/language";
import { begin, end } from "../parts/days";
import { Failure } from "../parts/Failure";
import { Loading } from "../parts/Loading";
import { Empty, Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import css from "./audit.module.css";

/** What is looked for; days as chosen. */
export interface AuditSearch {
  actor?: string | undefined;
  action?: string | undefined;
  target?: string | undefined;
  from?: string | undefined;
  until?: string | undefined;
}

/** The same as the server is asked for it. */
function asked({ actor, action, target, from, until }: AuditSearch): Record<string, string> {
  const words = { actor, action, target, from: begin(from ?? ""), until: end(until ?? "") };
  return Object.fromEntries(Object.entries(words).filter((word): word is [string, string] => Boolean(word[1])));
}

/** The event log, newest first: who did what, and when. */
export function Audit() {
  const { t } = useTranslation();
  const search: AuditSearch = useSearch({ strict: false });
  const query = asked(search);
  const log = useInfiniteQuery({
    // Its sentences are in the language of the request.
    queryKey: ["events", currentLanguage(), query],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/events", {
          params: { query: { ...query, limit: 100, ...(pageParam !== null && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
  const events = log.data?.pages.flatMap((one) => one.items) ?? [];
  const refused = isProblem(log.error, 403);
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={t("audit.title")} lead={t("audit.lead")}>
          {refused ? null : <Exports query={query} />}
        </PageHead>
        {refused ? <Notice tone="info">{t("audit.notAllowed")}</Notice> : <Filters search={search} />}
        {refused ? null : <Loading of={log} what={t("audit.failed")} height={300} />}
        {log.isSuccess && events.length === 0 ? <Empty icon={IconHistory}>{t("audit.none")}</Empty> : null}
        <ol className={css.log}>
          {events.map((event) => (
            <Entry key={event.id} event={event} />
          ))}
        </ol>
        {log.error !== null && !refused && log.data !== undefined ? (
          <Failure error={log.error} what={t("audit.failed")} retry={() => void log.refetch()} />
        ) : null}
        {log.hasNextPage ? (
          <Button variant="default" loading={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
            {t("audit.older")}
          </Button>
        ) : null}
      </div>
    </div>
  );
}

function Exports({ query }: { query: Record<string, string> }) {
  const { t } = useTranslation();
  return (
    <div className={page.row}>
      {(["csv", "json"] as const).map((format) => (
        <Button
          key={format}
          component="a"
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          href={`/api/v1/events/export?${new URLSearchParams({ format, ...query }).toString()}`}
          download
        >
          {t(`audit.${format}`)}
        </Button>
      ))}
    </div>
  );
}

function Filters({ search }: { search: AuditSearch }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { data } = useQuery({
    queryKey: ["events", "words", currentLanguage()],
    queryFn: ({ signal }) => take(api.GET("/api/v1/events/words", { signal })),
    staleTime: 60_000,
  });
  const [target, setTarget] = useState(search.target ?? "");
  const choose = (part: AuditSearch) => void navigate({ to: "/audit", search: { ...search, ...part }, replace: true });
  const options = (words: { key: string; name: string }[] | undefined) =>
    (words ?? []).map(({ key, name }) => ({ value: key, label: name }));
  const chosen = Object.values(search).some((value) => value !== undefined);
  return (
    <form
      className={css.filters}
      aria-label={t("audit.filters")}
      onSubmit={(event) => {
        event.preventDefault();
        choose({ target: target.trim() === "" ? undefined : target.trim() });
      }}
    >
      <Select
        label={t("audit.who")}
        placeholder={t("audit.anybody")}
        searchable
        clearable
        data={options(data?.actors)}
        value={search.actor ?? null}
        onChange={(actor) => choose({ actor: actor ?? undefined })}
      />
      <Select
        label={t("audit.what")}
        placeholder={t("audit.anything")}
        searchable
        clearable
        data={options(data?.actions)}
        value={search.action ?? null}
        onChange={(action) => choose({ action: action ?? undefined })}
      />
      <TextInput
        type="date"
        label={t("audit.from")}
        value={search.from ?? ""}
        onChange={(event) => choose({ from: event.currentTarget.value || undefined })}
      />
      <TextInput
        type="date"
        label={t("audit.until")}
        value={search.until ?? ""}
        onChange={(event) => choose({ until: event.currentTarget.value || undefined })}
      />
      <TextInput
        label={t("audit.concerning")}
        placeholder={t("audit.concerningWhat")}
        maxLength={100}
        value={target}
        onChange={(event) => setTarget(event.currentTarget.value)}
        onBlur={() => choose({ target: target.trim() === "" ? undefined : target.trim() })}
      />
      {chosen ? (
        <Button
          className={css.reset}
          variant="subtle"
          leftSection={<IconFilterOff size={16} aria-hidden />}
          onClick={() => {
            setTarget("");
            void navigate({ to: "/audit", search: {}, replace: true });
          }}
        >
          {t("audit.reset")}
        </Button>
      ) : null}
    </form>
  );
}

function Entry({ event }: { event: LogEvent }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const details = Object.entries(event.details);
  return (
    <li className={css.entry}>
      <time dateTime={event.at} className={css.at}>
        {shortDate(event.at)}
      </time>
      <div>
        <div>{event.text}</div>
        <details className={css.details}>
          <summary aria-label={t("audit.detailsOf", { name: event.actor.name, text: event.text })}>
            {event.actor.name}
          </summary>
          <dl className={page.facts}>
            <dt>{t("audit.action")}</dt>
            <dd className={page.mono}>{event.action}</dd>
            {event.target === null ? null : (
              <>
                <dt>{t("audit.target")}</dt>
                <dd className={page.mono}>{event.target}</dd>
              </>
            )}
            {details.map(([name, value]) => (
              <div key={name} className={css.pair}>
                <dt>{name}</dt>
                <dd className={page.mono}>{value}</dd>
              </div>
            ))}
          </dl>
        </details>
      </div>
    </li>
  );
}
