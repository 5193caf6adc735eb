import type { QueryClient } from "@tanstack/react-query";
import { api, take } from "../api/client";
import type { Account, TestAnswer } from "../api/types";
import { smtpQuery } from "../outgoing/queries";
import { type AccountForm, connectionOf, groupOf, requestOf, sendingOf } from "./form";

export interface Created {
  account: Account;
  /** How the test of the mailbox went; absent if there was none. */
  tested: TestAnswer | undefined;
  /** The server that sends was made, and does not work yet. */
  sendingIdle: boolean;
}

/** Makes an account, and the server that sends for it if wanted. Each is active only if its settings work, unless `atOnce`. */
export async function createAccount(client: QueryClient, form: AccountForm): Promise<Created> {
  const { kind, atOnce } = form;
  // Consent comes after the account: until then there is nothing to log in with.
  const linked = form.oauth !== "";
  const sends = form.sends && !linked;
  const notices = sends && (await client.query(smtpQuery)).length === 0;
  const sending = sends ? sendingOf(form, { notices }) : undefined;
  const [tested, sendingTested] = await Promise.all([
    atOnce || linked
      ? undefined
      : take(api.POST("/api/v1/accounts/test", { body: { kind, connection: connectionOf(form) } })),
    atOnce || sending === undefined
      ? undefined
      : take(api.POST("/api/v1/smtp_accounts/test", { body: { account: null, settings: sending, recipient: null } })),
  ]);
  const sendingActive = atOnce || sendingTested?.ok === true;
  const account = await take(
    api.POST("/api/v1/accounts", {
      body: {
        ...requestOf(form),
        active: atOnce || linked || tested?.ok === true,
        ...(form.grouped && { group: groupOf(form) }),
        ...(sending !== undefined && { sending: { ...sending, active: sendingActive } }),
      },
    }),
  );
  return { account, tested, sendingIdle: sending !== undefined && !sendingActive };
}
