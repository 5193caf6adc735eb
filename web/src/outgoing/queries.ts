import { queryOptions } from "@tanstack/react-query";
import { api, take } from "../api/client";
import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type SmtpAccount = Schemas["SmtpAccount"];
export type SmtpAccountRequest = Schemas["SmtpAccountRequest"];
export type Webhook = Schemas["Webhook"];
export type Outgoing = Schemas["Outgoing"];
export type Notifications = Schemas["Notifications"];
export type NoticeWay = Schemas["NoticeWay"];

export const smtpQuery = queryOptions({
  queryKey: ["smtp"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/smtp_accounts", { signal }))).items,
});

export const webhooksQuery = queryOptions({
  queryKey: ["webhooks"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/webhooks", { signal })),
  // A receiver may be switched off at any time.
  refetchInterval: 5000,
});

export const deliveriesQuery = (id: string) =>
  queryOptions({
    queryKey: ["deliveries", id],
    queryFn: async ({ signal }) =>
      (await take(api.GET("/api/v1/webhooks/{webhook_id}/deliveries", { params: { path: { webhook_id: id } }, signal })))
        .items,
    refetchInterval: 5000,
  });

export const mailsQuery = queryOptions({
  queryKey: ["outgoing"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/outgoing", { signal }))).items,
  refetchInterval: 10_000,
});

export const notificationsQuery = queryOptions({
  queryKey: ["notifications"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/notifications", { signal })),
});

export const noticesQuery = queryOptions({
  queryKey: ["notices"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/notices", { signal }))).items,
});
