import { queryOptions } from "@tanstack/react-query";
import { api, take } from "../api/client";
import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type OauthClient = Schemas["OauthClient"];
export type OauthClientRequest = Schemas["OauthClientRequest"];
export type OauthLink = Schemas["OauthLink"];
export type OauthService = Schemas["OauthService"];
export type OauthWay = Schemas["OauthWay"];

export const SERVICES: readonly OauthService[] = ["microsoft", "microsoft_graph", "google", "other"];

export const clientsQuery = queryOptions({
  queryKey: ["oauth"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/oauth/clients", { signal })),
});
