import { Button, Skeleton } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import type { LogEvent } from "../api/types";
import { currentLanguage } from "../lang/language";
import { useFormats } from "../lang/format";
import { Delayed } from "../parts/Delayed";
import { Failure } from "../parts/Failure";
import { Empty, Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import css from "./audit.module.css";

/** The event log, newest first: who did what, and when. */
export function Audit() {
  const { t } = useTranslation();
  const log = useInfiniteQuery({
    // Its sentences are in the language of the request.
    queryKey: ["events", currentLanguage()],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/events", {
          params: { query: { limit: 100, ...(pageParam !== null && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
  const events = log.data?.pages.flatMap((one) => one.items) ?? [];
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={t("audit.title")} lead={t("audit.lead")} />
        {log.isPending ? (
          <Delayed>
            <Skeleton height={300} radius="md" />
          </Delayed>
        ) : null}
        {log.error === null ? null : isProblem(log.error, 403) ? (
          <Notice tone="info">{t("audit.notAllowed")}</Notice>
        ) : (
          <Failure error={log.error} what={t("audit.failed")} retry={() => void log.refetch()} />
        )}
        {log.isSuccess && events.length === 0 ? <Empty icon={IconHistory}>{t("audit.none")}</Empty> : null}
        <ol className={css.log}>
          {events.map((event) => (
            <Entry key={event.id} event={event} />
          ))}
        </ol>
        {log.hasNextPage ? (
          <Button variant="default" loading={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
            {t("audit.older")}
          </Button>
        ) : null}
      </div>
    </div>
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
