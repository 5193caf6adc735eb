import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import type { MessageRow, SpamAnswer } from "../api/types";
import { leaveList, messagesChanged } from "../deletion/useDeletion";
import { tellFailure } from "../parts/toast";
import { tellUndo } from "../parts/undo";

/** The view of what is suspected. */
export const SPAM_PATH = "/mail/spam";

interface Change {
  mails: readonly string[];
  /** Whether they are spam; null takes back what was said. */
  spam: boolean | null;
}

/** Whether a message counts as spam. */
export function isSuspected({ spam }: Pick<MessageRow, "spam">): boolean {
  return spam?.suspected === true;
}

/** Says of messages whether they are spam; that can be taken back for a while. */
export function useSpam() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const inView = useLocation({ select: ({ pathname }) => pathname === SPAM_PATH });
  return useMutation({
    mutationFn: (change: Change) => send(change),
    onMutate: ({ mails, spam }) => {
      if (inView && spam === false) {
        leaveList(mails);
      }
    },
    onSuccess: async ({ changed }, { spam }) => {
      await messagesChanged(client);
      if (changed.length > 0) {
        const back = async () => {
          try {
            for (const before of [true, false, null]) {
              const mails = changed.filter((one) => one.before === before).map((one) => one.mail_id);
              if (mails.length > 0) {
                await send({ mails, spam: before });
              }
            }
          } catch (error) {
            tellFailure(t("deletion.notUndone"), isProblem(error) ? error.detail : undefined);
          }
          await messagesChanged(client);
        };
        tellUndo(t(spam === true ? "spam.marked" : "spam.checked", { count: changed.length }), back);
      }
    },
    onError: (error) => tellFailure(t("spam.notSaid"), isProblem(error) ? error.detail : undefined),
  });
}

function send({ mails, spam }: Change): Promise<SpamAnswer> {
  return take(
    api.POST("/api/v1/messages/spam", {
      body: { mails: [...mails], spam },
      headers: { "Idempotency-Key": crypto.randomUUID() },
    }),
  );
}
