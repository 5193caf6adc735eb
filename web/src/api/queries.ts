import { infiniteQueryOptions, keepPreviousData, QueryCache, queryOptions, QueryClient } from "@tanstack/react-query";
import { calm } from "./calm";
import { api, take } from "./client";
import { isProblem, Problem } from "./problem";
import { currentLanguage } from "../lang/language";
import type { AddressStateWord, ImportOutcome } from "./types";

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      // The session has ended: asking for it again lets the shell notice.
      if (isProblem(error, 401) && query.queryKey[0] !== "session") {
        void queryClient.refetchQueries({ queryKey: ["session"] });
      }
    },
  }),
  defaultOptions: {
    queries: {
      // What the server refused stays refused; only a lost answer is worth another attempt.
      retry: (failures, error) => !(error instanceof Problem && error.status < 500) && failures < 2,
      staleTime: 10_000,
      refetchOnWindowFocus: false,
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

export const setupQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/setup", { signal })),
  staleTime: 0,
});

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/session", { signal })),
  staleTime: Infinity,
  gcTime: Infinity,
});

export const accountsQuery = queryOptions({
  queryKey: ["accounts"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/accounts", { signal }))).items,
});

export const accountQuery = (id: string) =>
  queryOptions({
    queryKey: ["accounts", id],
    queryFn: ({ signal }) => take(api.GET("/api/v1/accounts/{account_id}", { params: { path: { account_id: id } }, signal })),
  });

export const mailboxesQuery = (id: string) =>
  queryOptions({
    queryKey: ["accounts", id, "mailboxes"],
    queryFn: async ({ signal }) =>
      (await take(api.GET("/api/v1/accounts/{account_id}/mailboxes", { params: { path: { account_id: id } }, signal }))).items,
    staleTime: 60_000,
  });

export const messageQuery = (mailId: string) =>
  queryOptions({
    queryKey: ["message", mailId],
    queryFn: async ({ signal }) =>
      calm(await take(api.GET("/api/v1/messages/{mail_id}", { params: { path: { mail_id: mailId } }, signal }))),
    staleTime: 300_000,
  });

/** The message with all header fields. */
export const fullMessageQuery = (mailId: string) =>
  queryOptions({
    queryKey: ["message", mailId, "full"],
    queryFn: async ({ signal }) =>
      calm(
        await take(
          api.GET("/api/v1/messages/{mail_id}", {
            params: { path: { mail_id: mailId }, query: { full: 1 } },
            signal,
          }),
        ),
      ),
    staleTime: Infinity,
  });

export const threadQuery = (threadId: string) =>
  queryOptions({
    queryKey: ["thread", threadId],
    queryFn: async ({ signal }) =>
      calm(
        (await take(api.GET("/api/v1/threads/{thread_id}", { params: { path: { thread_id: threadId } }, signal }))).items,
      ),
    staleTime: 60_000,
  });

export const importsQuery = queryOptions({
  queryKey: ["imports"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/imports", { signal }))).items,
});

export const importQuery = (importId: string) =>
  queryOptions({
    queryKey: ["imports", importId, currentLanguage()],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/imports/{import_id}", { params: { path: { import_id: importId } }, signal })),
    refetchInterval: (query) => (query.state.data?.state === "running" ? 4_000 : false),
  });

export const importEntriesQuery = (importId: string, outcome: ImportOutcome | undefined) =>
  infiniteQueryOptions({
    // Its sentences are in the language of the request.
    queryKey: ["imports", importId, "entries", outcome, currentLanguage()],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/imports/{import_id}/entries", {
          params: {
            path: { import_id: importId },
            query: { limit: 100, ...(outcome && { outcome }), ...(pageParam !== null && { cursor: pageParam }) },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });

export const quarantineQuery = queryOptions({
  queryKey: ["quarantine"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/quarantine", { params: { query: { limit: 200 } }, signal })),
});

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/users", { signal }))).items,
});

export const tokensQuery = queryOptions({
  queryKey: ["tokens"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/tokens", { signal }))).items,
});

/** What is blind or about to be. */
export const doctorQuery = queryOptions({
  queryKey: ["doctor"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/doctor", { signal })),
  refetchInterval: 60_000,
});

export const ledgersQuery = (id: string) =>
  queryOptions({
    queryKey: ["accounts", id, "ledgers"],
    queryFn: async ({ signal }) =>
      (await take(api.GET("/api/v1/accounts/{account_id}/ledgers", { params: { path: { account_id: id } }, signal }))).items,
  });

export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/status", { signal })),
  staleTime: 5_000,
});

export const addressesQuery = (state: AddressStateWord | undefined, limit: number, search = "") =>
  infiniteQueryOptions({
    queryKey: ["addresses", "list", state ?? "all", limit, search],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/addresses", {
          params: {
            query: {
              limit,
              ...(state !== undefined && { state }),
              ...(search !== "" && { search }),
              ...(pageParam !== null && { cursor: pageParam }),
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });

/** An address; each page brings further events of its history. */
export const addressQuery = (address: string) =>
  infiniteQueryOptions({
    queryKey: ["addresses", "one", address],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/addresses/{address}", {
          params: { path: { address }, query: { limit: 50, ...(pageParam !== null && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });

export const manualQueueQuery = infiniteQueryOptions({
  queryKey: ["manual"],
  queryFn: ({ pageParam, signal }) =>
    take(
      api.GET("/api/v1/bounces/queue", {
        params: { query: { limit: 30, ...(pageParam !== null && { cursor: pageParam }) } },
        signal,
      }),
    ),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.next,
});

export const dashboardQuery = (days: number) =>
  queryOptions({
    queryKey: ["dashboard", days],
    queryFn: ({ signal }) => take(api.GET("/api/v1/bounces/dashboard", { params: { query: { days } }, signal })),
    placeholderData: keepPreviousData,
  });

export const bounceRulesQuery = queryOptions({
  queryKey: ["bounceRules"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/bounces/rules", { signal })),
});

export const listsQuery = queryOptions({
  queryKey: ["lists"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/lists", { signal }))).items,
});

export const listQuery = (id: string) =>
  queryOptions({
    queryKey: ["lists", id],
    queryFn: ({ signal }) => take(api.GET("/api/v1/lists/{list_id}", { params: { path: { list_id: id } }, signal })),
  });

export const membersQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ["lists", id, "members"],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/lists/{list_id}/members", {
          params: { path: { list_id: id }, query: { limit: 100, ...(pageParam !== null && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });

export const suppressionQuery = infiniteQueryOptions({
  queryKey: ["suppression"],
  queryFn: ({ pageParam, signal }) =>
    take(
      api.GET("/api/v1/suppression", {
        params: { query: { limit: 100, ...(pageParam !== null && { cursor: pageParam }) } },
        signal,
      }),
    ),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.next,
});
