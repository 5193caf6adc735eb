import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, take } from "../api/client";

export const retentionQuery = queryOptions({
  queryKey: ["retention", "settings"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/retention", { signal })),
});

export const holdsQuery = queryOptions({
  queryKey: ["retention", "holds"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/retention/holds", { signal }))).items,
  // As long as a case is being compared with the mails.
  refetchInterval: ({ state }) => (state.data?.some(({ looking }) => looking) === true ? 1500 : false),
});

export const dueQuery = queryOptions({
  queryKey: ["retention", "due"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/retention/due", { signal }))).items,
});

export function dueMailsQuery(of: { class: number; year: number }) {
  return infiniteQueryOptions({
    queryKey: ["retention", "due", of.class, of.year],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/retention/due/mails", {
          params: { query: pageParam === "" ? of : { ...of, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: ({ next }) => next ?? undefined,
  });
}

export function keepingQuery(mail: string) {
  return queryOptions({
    queryKey: ["retention", "message", mail],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/messages/{mail_id}/keeping", { params: { path: { mail_id: mail } }, signal })),
  });
}
