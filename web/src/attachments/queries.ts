import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, take } from "../api/client";
import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type AttachmentHold = Schemas["AttachmentHold"];
export type AttachmentSettings = Schemas["AttachmentSettings"];
export type ScannerStatus = Schemas["ScannerStatus"];
export type HeldAttachment = Schemas["HeldAttachment"];
export type Authentication = Schemas["Authentication"];

export const attachmentsQuery = queryOptions({
  queryKey: ["attachments", "settings"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/attachments/settings", { signal })),
});

export const heldQuery = infiniteQueryOptions({
  queryKey: ["attachments", "held"],
  queryFn: ({ signal, pageParam }) =>
    take(api.GET("/api/v1/attachments/held", { params: { query: pageParam === "" ? {} : { cursor: pageParam } }, signal })),
  initialPageParam: "",
  getNextPageParam: (page) => page.next,
});
