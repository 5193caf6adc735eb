import { type InfiniteData, type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import type { DeletionAnswer, SearchAnswer } from "../api/types";
import { tellFailure } from "../parts/toast";
import { tellUndo } from "../parts/undo";

/** The search follows by a second or two. */
const SEARCH_MS = 3_000;

type Leave = (mailIds: readonly string[]) => void;

/** What the list that is shown does when rows of it are about to go. */
const leaving: Leave[] = [];

/** Tells the list that is shown that these mails are about to go. */
export function leaveList(mailIds: readonly string[]): void {
  leaving.at(-1)?.(mailIds);
}

/** Calls `leave` with the mails that are about to leave the list. */
export function useLeaving(leave: Leave): void {
  const latest = useRef(leave);
  useEffect(() => {
    latest.current = leave;
  });
  useEffect(() => {
    const call: Leave = (mailIds) => latest.current(mailIds);
    leaving.push(call);
    return () => {
      leaving.splice(leaving.indexOf(call), 1);
    };
  }, []);
}

interface Change {
  mails: readonly string[];
  restore: boolean;
}

/** Deletes messages here, which hides them, and restores them; both can be taken back for a while. */
export function useDeletion() {
  const { t } = useTranslation();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: Change) => send(change),
    onMutate: ({ mails }) => leaveList(mails),
    onSuccess: async ({ changed, at_source }, { restore }) => {
      await messagesChanged(client, changed);
      if (changed.length > 0) {
        const back = async () => {
          try {
            await send({ mails: changed, restore: !restore });
          } catch (error) {
            tellFailure(t("deletion.notUndone"), isProblem(error) ? error.detail : undefined);
          }
          await messagesChanged(client, restore ? changed : []);
        };
        const done = t(restore ? "deletion.restored" : "deletion.deleted", { count: changed.length });
        tellUndo(at_source.length === 0 ? done : `${done} ${t("deletion.atSource")}`, back);
      }
    },
    onError: (error, { restore }) =>
      tellFailure(
        t(restore ? "deletion.notRestored" : "deletion.notDeleted"),
        isProblem(error) ? error.detail : undefined,
      ),
  });
}

function send({ mails, restore }: Change): Promise<DeletionAnswer> {
  const body = { mails: [...mails] };
  const headers = { "Idempotency-Key": crypto.randomUUID() };
  return take(
    restore
      ? api.POST("/api/v1/messages/restore", { body, headers })
      : api.POST("/api/v1/messages/delete", { body, headers }),
  );
}

/** Lists are asked for again; what has `gone` is taken out of hits, which the search would show for a moment still. */
export async function messagesChanged(client: QueryClient, gone: readonly string[] = []): Promise<void> {
  const out = new Set(gone);
  client.setQueriesData<InfiniteData<SearchAnswer>>({ queryKey: ["search"] }, (found) =>
    found === undefined
      ? found
      : {
          ...found,
          pages: found.pages.map((page) => {
            const items = page.items.filter((row) => !out.has(row.mail_id));
            return { ...page, items, total: page.total - (page.items.length - items.length) };
          }),
        },
  );
  setTimeout(() => void client.invalidateQueries({ queryKey: ["search"] }), SEARCH_MS);
  await Promise.all(
    ["messages", "message", "thread", "mailboxes", "accounts", "record", "importList"].map((queryKey) =>
      client.invalidateQueries({ queryKey: [queryKey] }),
    ),
  );
}
