import { ActionIcon, Popover, Select } from "@mantine/core";
import { IconFilter, IconHelp, IconSearch, IconSearchOff } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Navigate, useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { calm } from "../api/calm";
import { api, take } from "../api/client";
import { isProblem, type Problem } from "../api/problem";
import { statusQuery } from "../api/queries";
import type { MessageRow, SearchAnswer } from "../api/types";
import { useFormats } from "../lang/format";
import { ListHead, MessageList } from "../list/MessageList";
import type { Source } from "../list/messages";
import type { Rows } from "../list/window";
import { Empty, Notice } from "../parts/Notice";
import { PlainLink } from "../parts/PlainLink";
import { usePageTitle } from "../parts/usePageTitle";
import { ReadingPanes } from "../reader/ReadingPanes";
import { PutBackHits } from "../putBack/PutBack";
import { ExportMenu } from "../search/ExportMenu";
import { Facets } from "../search/Facets";
import { QueryHelp } from "../search/QueryHelp";
import css from "../search/Search.module.css";

const route = getRouteApi("/shell/mail");

const PAGE = 50;

/** Empty rows that show that there is more. */
const AHEAD = 8;

const AGAIN_MS = 2_500;

type Sort = "date" | "relevance";

export function SearchView() {
  const { q } = route.useSearch();
  if (q === undefined) {
    return <Navigate to="/mail/$view" params={{ view: "all" }} replace />;
  }
  return <Found q={q} />;
}

function Found({ q }: { q: string }) {
  const { t } = useTranslation();
  const { number, seconds, list } = useFormats();
  const navigate = useNavigate();
  const { sort = "date", id } = route.useSearch();
  const [help, setHelp] = useState(false);
  const found = useFound(q, sort);
  const { source, loadFor, facets } = found;
  const title = t("search.title");
  usePageTitle(`${q} – ${title}`);
  const words = new URLSearchParams({ q, ...(sort === "relevance" && { sort }) }).toString();
  const closed = `/mail?${words}`;
  const hrefOf = useCallback((row: MessageRow) => `${closed}&id=${row.mail_id}`, [closed]);
  const search = (query: string) =>
    void navigate({ to: "/mail", search: { q: query, sort: sort === "relevance" ? sort : undefined } });
  const setSort = (value: "relevance" | undefined) => void navigate({ to: "/mail", search: { q, id, sort: value } });
  const total =
    source.total === undefined || source.isStale
      ? undefined
      : t("search.total", { count: source.total, shown: number(source.total) });
  const unreadable = isProblem(source.error, 400) ? source.error : undefined;
  const narrowing = facets === undefined ? null : <Facets q={q} facets={facets} onSearch={search} />;
  return (
    <>
      <ReadingPanes
        openId={id}
        closedHref={closed}
        listLabel={title}
        resting={
          <div className={css.resting}>
            {narrowing ?? <Empty icon={IconSearch}>{t("reader.nothingOpen")}</Empty>}
          </div>
        }
        list={
          <>
            <ListHead title={title} total={total}>
              <Popover position="bottom-end" withinPortal shadow="md" trapFocus>
                <Popover.Target>
                  <ActionIcon variant="subtle" color="gray" className={css.touch} aria-label={t("search.narrow")} title={t("search.narrow")}>
                    <IconFilter size={18} stroke={1.7} />
                  </ActionIcon>
                </Popover.Target>
                <Popover.Dropdown className={css.drop}>{narrowing ?? t("search.noFacets")}</Popover.Dropdown>
              </Popover>
              {unreadable === undefined && (source.total ?? 0) > 0 ? (
                <>
                  <PutBackHits q={q} count={source.total ?? 0} />
                  <ExportMenu q={q} />
                </>
              ) : null}
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  className={css.touch}
                  aria-label={t("search.help")}
                  title={t("search.help")}
                  onClick={() => setHelp(true)}
                >
                  <IconHelp size={18} stroke={1.7} />
                </ActionIcon>
            </ListHead>
            {unreadable === undefined ? null : <Unreadable q={q} problem={unreadable} onHelp={() => setHelp(true)} />}
            {unreadable === undefined ? (
              <>
                <div className={css.took}>
                  <span>{found.seconds === undefined ? "" : t("search.took", { seconds: seconds(found.seconds) })}</span>
                  <Select
                    size="xs"
                    w={140}
                    allowDeselect={false}
                    aria-label={t("search.sort")}
                    value={sort}
                    onChange={(value) => setSort(value === "relevance" ? "relevance" : undefined)}
                    data={[
                      { value: "date", label: t("search.byDate") },
                      { value: "relevance", label: t("search.byRelevance") },
                    ]}
                  />
                </div>
                {found.unsupported.length === 0 ? null : (
                  <div className={css.unreadable}>
                    <Notice tone="warn">{t("search.unsupported", { words: list(found.unsupported) })}</Notice>
                  </div>
                )}
                <MessageList
                  source={source}
                  of={words}
                  label={title}
                  hrefOf={hrefOf}
                  closedHref={closed}
                  openId={id}
                  onWanted={loadFor}
                  empty={<Nothing />}
                />
              </>
            ) : null}
          </>
        }
      />
      {help ? <QueryHelp onClose={() => setHelp(false)} /> : null}
    </>
  );
}

/** No hits: one sentence, one action, and whether the search still has to catch up. */
function Nothing() {
  const { t } = useTranslation();
  const { number } = useFormats();
  const behind = useQuery(statusQuery).data?.index_behind ?? 0;
  return (
    <Empty icon={IconSearchOff} action={<PlainLink to="/mail/all">{t("search.reset")}</PlainLink>}>
      {t("search.nothing")}
      {behind > 0 ? ` ${t("system.indexBehind", { count: behind, shown: number(behind) })}` : ""}
    </Empty>
  );
}

/** The query cannot be read: where, why, and what is meant. */
function Unreadable({ q, problem, onHelp }: { q: string; problem: Problem; onHelp: () => void }) {
  const { t } = useTranslation();
  const position = problem.number("position");
  const at = position === undefined ? undefined : Array.from(q).slice(0, position).join("");
  return (
    <div className={css.unreadable}>
      <Notice
        tone="warn"
        live
        title={problem.title}
        actions={
          <button type="button" className={css.link} onClick={onHelp}>
            {t("search.help")}
          </button>
        }
      >
        {problem.detail}
        {at === undefined ? null : (
          <code className={css.query}>
            {at}
            <mark>{q.slice(at.length) === "" ? "␣" : q.slice(at.length)}</mark>
          </code>
        )}
      </Notice>
    </div>
  );
}

interface FoundRows {
  source: Source;
  loadFor: (rows: Rows) => void;
  facets: NonNullable<SearchAnswer["facets"]> | undefined;
  seconds: number | undefined;
  /** Words of the query that match nothing because their data does not exist yet. */
  unsupported: string[];
}

/** Hits page by page; the next page is asked for when its rows come into view. */
function useFound(q: string, sort: Sort): FoundRows {
  const found = useInfiniteQuery({
    queryKey: ["search", q, sort],
    queryFn: async ({ pageParam, signal }) =>
      calm(
        await take(
          api.GET("/api/v1/search", {
            params: { query: { q, sort, limit: PAGE, ...(pageParam !== null && { cursor: pageParam }) } },
            signal,
          }),
        ),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    // The search follows new mail by a second or two; who found nothing may just have been quick.
    refetchInterval: (query) => (query.state.data?.pages[0]?.total === 0 ? AGAIN_MS : false),
  });
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = found;
  const hits = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const loaded = hits.length;
  const loadFor = useCallback(
    (rows: Rows) => {
      if (rows.end > loaded && hasNextPage && !isFetchingNextPage) {
        void fetchNextPage();
      }
    },
    [loaded, hasNextPage, isFetchingNextPage, fetchNextPage],
  );
  const first = data?.pages[0];
  return {
    loadFor,
    facets: first?.facets ?? undefined,
    seconds: found.isPlaceholderData ? undefined : first?.seconds,
    unsupported: first?.unsupported ?? [],
    source: {
      total: first?.total,
      // Only what is loaded, and a little more, can be scrolled to: hits have no numbers to jump to.
      count: Math.min(first?.total ?? 0, hasNextPage ? loaded + AHEAD : loaded),
      row: (index) => hits[index],
      isLoading: found.isPending,
      isStale: found.isPlaceholderData,
      error: found.error,
      retry: () => void refetch(),
    },
  };
}
