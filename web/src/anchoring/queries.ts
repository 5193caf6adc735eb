import { queryOptions } from "@tanstack/react-query";
import { api, take } from "../api/client";
import type { components } from "../api/schema";

export type AnchoringState = components["schemas"]["AnchoringState"];
export type CheckpointMailRequest = components["schemas"]["CheckpointMailRequest"];
export type LogWitnessRequest = components["schemas"]["LogWitnessRequest"];
export type WitnessedLogRequest = components["schemas"]["WitnessedLogRequest"];

export const anchoringQuery = queryOptions({
  queryKey: ["anchoring"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/anchoring", { signal })),
  refetchInterval: 10_000,
});
