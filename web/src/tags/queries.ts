import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { api, take } from "../api/client";

export const tagsQuery = queryOptions({
  queryKey: ["tags"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/tags", { signal }))).items,
  staleTime: 60_000,
});

const SHOWING = new Set(["tags", "message", "thread", "messages", "search"]);

/** Everything that shows tags is asked for again. */
export function tagsChanged(client: QueryClient): Promise<void> {
  return client.invalidateQueries({ predicate: ({ queryKey }) => SHOWING.has(String(queryKey[0])) });
}
