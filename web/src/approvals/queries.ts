import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, take } from "../api/client";
import type { components } from "../api/schema";
import { currentLanguage } from "../lang/language";

type State = components["schemas"]["ApprovalState"];

/** Newest first. Its sentences are in the language of the request. */
export const approvalsQuery = (state: State | undefined) =>
  infiniteQueryOptions({
    queryKey: ["approvals", "list", state, currentLanguage()],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/approvals", {
          params: { query: { ...(state !== undefined && { state }), ...(pageParam !== null && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    refetchInterval: 20_000,
  });

/** What everybody is told of: the only administrator has asked for it. */
export const delayedApprovalsQuery = queryOptions({
  queryKey: ["approvals", "delayed"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/approvals/delayed", { signal }))).items,
  refetchInterval: 60_000,
});

export const approvalSettingsQuery = queryOptions({
  queryKey: ["approvals", "settings"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/approvals/settings", { signal })),
});
