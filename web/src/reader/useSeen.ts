import { useMutation } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { useSession } from "../api/session";
import type { MessageDetail } from "../api/types";
import { useCommand } from "../keys/dispatch";
import { useMarkInLists } from "../list/messages";
import { tellFailure } from "../parts/toast";

/** A mail that was on the screen this long counts as read; leafing through with `j` does not. */
const READ_AFTER_MS = 900;

interface Seen {
  unread: boolean;
  toggle: () => void;
  /** Auditors change nothing. */
  mayChange: boolean;
}

/** Marks what is open as read, and back on demand. Shown at once; taken back if the server refuses. */
export function useSeen(message: MessageDetail | undefined): Seen {
  const { t } = useTranslation();
  const mayChange = useSession().user.role !== "auditor";
  const markInLists = useMarkInLists();
  const [chosen, setChosen] = useState<boolean>();
  const unread = chosen ?? message?.unread ?? false;
  const mailId = message?.mail_id;

  const mark = useMutation({
    mutationFn: ({ id, seen }: { id: string; seen: boolean }) =>
      done(api.PUT("/api/v1/messages/{mail_id}/seen", { params: { path: { mail_id: id } }, body: { seen } })),
    onMutate: ({ id, seen }) => {
      setChosen(!seen);
      markInLists(id, !seen);
    },
    onError: (_error, { id, seen }) => {
      setChosen(seen);
      markInLists(id, seen);
      tellFailure(t("reader.notMarked"));
    },
  });
  const { mutate } = mark;
  const markRead = useEffectEvent(() => {
    if (mailId !== undefined && mayChange && unread) {
      mutate({ id: mailId, seen: true });
    }
  });
  useEffect(() => {
    if (mailId === undefined) {
      return undefined;
    }
    const timer = setTimeout(() => markRead(), READ_AFTER_MS);
    return () => clearTimeout(timer);
  }, [mailId]);

  const toggle = () => {
    if (mailId !== undefined) {
      mutate({ id: mailId, seen: unread });
    }
  };
  useCommand("toggleRead", toggle, mayChange && mailId !== undefined);
  return { unread, toggle, mayChange };
}
