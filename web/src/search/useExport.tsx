import { Modal, Stack, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import type { components } from "../api/schema";
import { useSession } from "../api/session";
import { useFormats } from "../lang/format";
import { FormEnd } from "../parts/FormEnd";
import { Notice } from "../parts/Notice";
import { useIsNarrow } from "../parts/Panes";
import { tell, tellFailure } from "../parts/toast";

type Schemas = components["schemas"];

/** An export as it is wanted. */
export interface Wanted {
  /** Where it is fetched. */
  address: string;
  /** As an approval is asked for it. */
  q: string;
  format: Schemas["ExportFormat"];
  /** How much it hands out, and whether somebody has to approve that. */
  check: () => Promise<Schemas["ExportCheck"]>;
}

/** Fetches an export; where it is so large that a second person has to approve it, the dialog to ask for that. */
export function useExport(): { start: (wanted: Wanted) => void; pending: boolean; dialog: ReactNode } {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<{ wanted: Wanted; count: number }>();
  const fetch = useMutation({
    mutationFn: (wanted: Wanted) => wanted.check(),
    onSuccess: ({ mails, needs_approval }, wanted) => {
      if (needs_approval) {
        setAsking({ wanted, count: mails });
      } else {
        window.location.assign(wanted.address);
      }
    },
    onError: (error) => tellFailure(t("search.notExported"), error.message),
  });
  return {
    start: fetch.mutate,
    pending: fetch.isPending,
    dialog: asking === undefined ? null : <Asking {...asking} onClose={() => setAsking(undefined)} />,
  };
}

function Asking({ wanted, count, onClose }: { wanted: Wanted; count: number; onClose: () => void }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { user } = useSession();
  const narrow = useIsNarrow();
  const [note, setNote] = useState("");
  const { q, format } = wanted;
  const ask = useMutation({
    mutationFn: () => take(api.POST("/api/v1/approvals/exports", { body: { q, format, note } })),
    onSuccess: () => {
      tell(t("search.approvalAsked"));
      onClose();
    },
  });
  const ofSenders = format === "senders_csv" || format === "senders_xlsx";
  return (
    <Modal
      opened
      onClose={onClose}
      fullScreen={narrow}
      title={t("search.approvalTitle")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          ask.mutate();
        }}
      >
        <Stack>
          <Notice tone="info">
            {ofSenders
              ? t("senders.approvalNeeded", { addresses: number(count) })
              : t("search.approvalNeeded", { mails: number(count) })}
          </Notice>
          {user.role === "auditor" ? (
            <p>{t("search.approvalAuditor")}</p>
          ) : (
            <>
              <Textarea
                label={t("approvals.note")}
                required
                maxLength={2000}
                rows={3}
                value={note}
                onChange={(event) => setNote(event.currentTarget.value)}
              />
              <FormEnd save={ask} label={t("search.askApproval")} failed={t("search.approvalNotAsked")} onCancel={onClose} />
            </>
          )}
        </Stack>
      </form>
    </Modal>
  );
}
