import { keepPreviousData, queryOptions, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { calm } from "../api/calm";
import { api, take } from "../api/client";
import { queryClient } from "../api/queries";
import type { Kind, MessagePage, MessageRow } from "../api/types";
import type { Rows } from "./window";

/** Rows a request brings. */
export const PAGE = 100;

export interface Filter {
  account?: string | undefined;
  mailbox?: string | undefined;
  kind?: Kind | undefined;
  unread?: boolean | undefined;
  /** Key of a tag. */
  tag?: number | undefined;
  /** Only what is suspected to be spam. */
  spam?: boolean | undefined;
  /** Those that were deleted here, instead of the others. */
  deleted?: boolean | undefined;
}

/** What a list draws: rows by number, as far as they are known. */
export interface Source {
  total: number | undefined;
  /** How many of them can be scrolled to; all of them if absent. */
  count?: number;
  row: (index: number) => MessageRow | undefined;
  /** Nothing is known yet. */
  isLoading: boolean;
  /** The rows shown belong to what was asked before. */
  isStale: boolean;
  error: Error | null;
  retry: () => void;
}

const messagesKey = (filter: Filter, page: number) => ["messages", filter, page] as const;

function pageQuery(filter: Filter, page: number) {
  return queryOptions({
    queryKey: messagesKey(filter, page),
    queryFn: ({ signal }) => fetchPage(filter, page, signal),
    staleTime: Infinity,
    gcTime: 120_000,
  });
}

/** The next page by the cursor of the one before where that is known; a jump into the list by its offset. */
async function fetchPage(filter: Filter, page: number, signal: AbortSignal): Promise<MessagePage> {
  const before = page === 0 ? undefined : queryClient.getQueryData<MessagePage>(messagesKey(filter, page - 1));
  const cursor = before?.next ?? undefined;
  const from = cursor === undefined ? { offset: page * PAGE } : { cursor };
  const { unread, ...rest } = filter;
  const query = { ...rest, ...(unread === true ? { unread } : {}), ...from, limit: PAGE };
  return calm(await take(api.GET("/api/v1/messages", { params: { query }, signal })));
}

/** Messages of a filter, loaded as the rows come into view. */
export function useMessages(filter: Filter, wanted: Rows): Source {
  const first = useQuery({ ...pageQuery(filter, 0), placeholderData: keepPreviousData });
  const total = first.data?.total ?? 0;
  const pages = useMemo(() => pagesOf(wanted, total), [wanted, total]);
  const isStale = first.isPlaceholderData;
  const rest = useQueries({
    queries: isStale || first.data === undefined ? [] : pages.map((page) => pageQuery(filter, page)),
  });
  const known = new Map(rest.map((result, at) => [pages[at] ?? -1, result.data]));
  const lost = rest.find((result) => result.isError);
  return {
    total: first.data?.total,
    row: (index) => {
      const page = Math.floor(index / PAGE);
      const data = page === 0 ? first.data : known.get(page);
      return data?.items[index - page * PAGE];
    },
    isLoading: first.isPending,
    isStale,
    error: first.error ?? lost?.error ?? null,
    retry: () => {
      void first.refetch();
      rest.filter((result) => result.isError).forEach((result) => void result.refetch());
    },
  };
}

/** Rows beyond those in view that are loaded with them. */
const AHEAD = 30;

/** Pages other than the first that hold these rows and those around them. */
function pagesOf({ first, end }: Rows, total: number): number[] {
  const pages: number[] = [];
  const last = Math.min(end + AHEAD, total);
  for (let page = Math.floor(Math.max(0, first - AHEAD) / PAGE); page * PAGE < last; page += 1) {
    if (page > 0) {
      pages.push(page);
    }
  }
  return pages;
}

/** Sets a message read or unread wherever a list shows it. Gives the function that takes this back. */
export function useMarkInLists(): (mailId: string, unread: boolean) => void {
  const client = useQueryClient();
  return (mailId, unread) => {
    const change = (row: MessageRow) => (row.mail_id === mailId ? { ...row, unread } : row);
    client.setQueriesData<MessagePage>({ queryKey: ["messages"] }, (page) => page && withRows(page, change));
    client.setQueriesData<MessageRow[]>({ queryKey: ["thread"] }, (rows) => rows?.map(change));
    client.setQueriesData<{ pages: MessagePage[]; pageParams: unknown[] }>(
      { queryKey: ["search"] },
      (found) => found && { ...found, pages: found.pages.map((page) => withRows(page, change)) },
    );
  };
}

function withRows<T extends { items: MessageRow[] }>(page: T, change: (row: MessageRow) => MessageRow): T {
  return { ...page, items: page.items.map(change) };
}
