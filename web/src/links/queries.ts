import { infiniteQueryOptions, keepPreviousData, type QueryClient, queryOptions } from "@tanstack/react-query";
import { api, take } from "../api/client";
import type { AddressDecision, Kind, OpenReason, WhatIfAnswer, WhatIfRequest } from "../api/types";

export const messageLinksQuery = (mailId: string) =>
  queryOptions({
    queryKey: ["links", mailId],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/messages/{mail_id}/links", { params: { path: { mail_id: mailId } }, signal })),
  });

export const linkTraceQuery = (mailId: string) =>
  queryOptions({
    queryKey: ["links", mailId, "why"],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/messages/{mail_id}/links/why", { params: { path: { mail_id: mailId } }, signal })),
  });

/** Records whose number, name or address begins so. */
export const linkableQuery = (text: string, kind?: string) =>
  queryOptions({
    queryKey: ["linkable", text, kind],
    queryFn: async ({ signal }) =>
      (
        await take(
          api.GET("/api/v1/links/records", { params: { query: { text, limit: 20, ...(kind && { kind }) } }, signal }),
        )
      ).items,
    placeholderData: keepPreviousData,
  });

export const recordQuery = (kind: string, number: string) =>
  queryOptions({
    queryKey: ["record", kind, number],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/links/records/{kind}/{number}", { params: { path: { kind, number } }, signal })),
  });

/** Which mails of a record. */
export interface RecordFilter {
  text?: string;
  from?: string;
  until?: string;
  has_attachment?: true;
  folder?: number;
}

export const recordMailsQuery = (kind: string, number: string, filter: RecordFilter) =>
  infiniteQueryOptions({
    queryKey: ["record", kind, number, "messages", filter],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/records/{kind}/{number}/messages", {
          params: { path: { kind, number }, query: { limit: 50, ...filter, ...(pageParam !== null && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });

export const recordAttachmentsQuery = (kind: string, number: string, filter: RecordFilter) =>
  infiniteQueryOptions({
    queryKey: ["record", kind, number, "attachments", filter],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/records/{kind}/{number}/attachments", {
          params: { path: { kind, number }, query: { limit: 50, ...filter, ...(pageParam !== null && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });

export const importListQuery = (reason: OpenReason, kind: Kind | undefined, own: boolean) =>
  infiniteQueryOptions({
    queryKey: ["importList", reason, kind, own],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/import-list", {
          params: { query: { reason, own, limit: 50, ...(kind && { kind }), ...(pageParam !== null && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });

export const linkStatisticsQuery = (days: number) =>
  queryOptions({
    queryKey: ["linkStatistics", days],
    queryFn: ({ signal }) => take(api.GET("/api/v1/links/statistics", { params: { query: { days } }, signal })),
    placeholderData: keepPreviousData,
  });

export const blocklistQuery = queryOptions({
  queryKey: ["linkBlocklist"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/links/blocklist", { signal })),
});

export const extraAddressesQuery = (state: AddressDecision) =>
  infiniteQueryOptions({
    queryKey: ["extraAddresses", state],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/links/addresses", {
          params: { query: { state, limit: 50, ...(pageParam !== null && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });

export const learntMasksQuery = queryOptions({
  queryKey: ["learntMasks"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/links/masks", { signal }))).items,
});

export const jumpsQuery = queryOptions({
  queryKey: ["jumps"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/links/jumps", { signal }))).items,
});

export const linkSettingsQuery = queryOptions({
  queryKey: ["linkSettings"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/links/settings", { signal })),
});

export const linkBatchesQuery = queryOptions({
  queryKey: ["linkBatches"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/links/batches", { signal }))).items,
});

/** Tries other settings on past mails; changes nothing. */
export function whatIf(asked: WhatIfRequest): Promise<WhatIfAnswer> {
  return take(api.POST("/api/v1/links/what-if", { body: asked }));
}

const SHOWING = new Set(["links", "importList", "record", "linkStatistics"]);

/** Everything that shows links is asked for again. */
export function linksChanged(client: QueryClient): Promise<void> {
  return client.invalidateQueries({ predicate: ({ queryKey }) => SHOWING.has(String(queryKey[0])) });
}
