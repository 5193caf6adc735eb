import { queryOptions } from "@tanstack/react-query";
import { api, take } from "../api/client";

export const groupsQuery = queryOptions({
  queryKey: ["groups"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/groups", { signal }))).items,
});

export function sortingQuery(account: string) {
  return queryOptions({
    queryKey: ["accounts", account, "sorting"],
    queryFn: async ({ signal }) =>
      (await take(api.GET("/api/v1/accounts/{account_id}/sorting", { params: { path: { account_id: account } }, signal })))
        .items,
  });
}
