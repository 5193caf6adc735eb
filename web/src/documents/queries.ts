import { queryOptions } from "@tanstack/react-query";
import { api, take } from "../api/client";

export const foldersQuery = queryOptions({
  queryKey: ["folders"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/documents/folders", { signal }))).items,
});

/** Folders a record has, and how much lies in each. */
export const recordFoldersQuery = (kind: string, number: string) =>
  queryOptions({
    queryKey: ["record", kind, number, "folders"],
    queryFn: async ({ signal }) =>
      (await take(api.GET("/api/v1/records/{kind}/{number}/folders", { params: { path: { kind, number } }, signal })))
        .items,
  });

/** In which folders a mail and its attachments lie. */
export const documentsQuery = (mailId: string) =>
  queryOptions({
    queryKey: ["documents", mailId],
    queryFn: async ({ signal }) =>
      (await take(api.GET("/api/v1/messages/{mail_id}/documents", { params: { path: { mail_id: mailId } }, signal })))
        .items,
  });
