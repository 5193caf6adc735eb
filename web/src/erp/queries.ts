import { queryOptions } from "@tanstack/react-query";
import { api, take } from "../api/client";
import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type ErpBook = Schemas["ErpBook"];
export type ErpKind = Schemas["ErpKind"];
export type ErpNote = Schemas["ErpNote"];
export type ErpPreview = Schemas["ErpPreview"];
export type ErpRun = Schemas["ErpRun"];
export type ErpSource = Schemas["ErpSource"];
export type ErpSourceRequest = Schemas["ErpSourceRequest"];
export type ErpSourceTried = Schemas["ErpSourceTried"];
export type ErpSourceType = Schemas["ErpSourceType"];

export const ERP_KINDS: readonly ErpKind[] = ["contact", "order", "quote", "item"];

/** Our names of the columns of each kind. */
export const COLUMNS: Record<ErpKind, readonly string[]> = {
  contact: ["number", "name", "active", "email", "url"],
  order: ["number", "contact", "email", "date", "state", "quote", "items", "references", "name", "url"],
  quote: ["number", "contact", "email", "date", "state", "items", "references", "name", "url"],
  item: ["number", "name", "active", "url"],
};

export const erpSourcesQuery = queryOptions({
  queryKey: ["erp", "sources"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/erp/sources", { signal })),
  // A source may run at any time.
  refetchInterval: 5000,
});

export const erpRunsQuery = (source: string | undefined) =>
  queryOptions({
    queryKey: ["erp", "runs", source ?? ""],
    queryFn: async ({ signal }) => {
      const query = { limit: 20, ...(source === undefined ? {} : { source }) };
      return (await take(api.GET("/api/v1/erp/runs", { params: { query }, signal }))).items;
    },
    refetchInterval: 5000,
  });
