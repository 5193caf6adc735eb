import { ActionIcon, Menu, Modal, Stack, Textarea } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import type { components } from "../api/schema";
import { useSession } from "../api/session";
import { useFormats } from "../lang/format";
import { FormEnd } from "../parts/FormEnd";
import { Notice } from "../parts/Notice";
import { useIsNarrow } from "../parts/Panes";
import { tell, tellFailure } from "../parts/toast";
import css from "./Search.module.css";

type Format = components["schemas"]["ExportFormat"];

const FORMATS = ["zip", "mbox", "xlsx", "csv", "xml", "sql"] as const satisfies readonly Format[];

const address = (q: string, format: Format) => `/api/v1/export?${new URLSearchParams({ q, format }).toString()}`;

interface Wanted {
  format: Format;
  mails: number;
}

/** Hands out all mails of a query as one file; many need a second person. */
export function ExportMenu({ q }: { q: string }) {
  const { t } = useTranslation();
  const [wanted, setWanted] = useState<Wanted>();
  const fetch = useMutation({
    mutationFn: (format: Format) => take(api.GET("/api/v1/export/check", { params: { query: { q, format } } })),
    onSuccess: ({ mails, needs_approval }, format) => {
      if (needs_approval) {
        setWanted({ format, mails });
      } else {
        window.location.assign(address(q, format));
      }
    },
    onError: (error) => tellFailure(t("search.notExported"), error.message),
  });
  return (
    <>
      <Menu position="bottom-end" withinPortal shadow="md" withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            className={css.touch}
            aria-label={t("search.export")}
            title={t("search.export")}
            loading={fetch.isPending}
          >
            <IconDownload size={18} stroke={1.7} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {FORMATS.map((format) => (
            <Menu.Item
              key={format}
              component="a"
              href={address(q, format)}
              download
              onClick={(event) => {
                event.preventDefault();
                fetch.mutate(format);
              }}
            >
              {t(`search.exportAs.${format}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {wanted === undefined ? null : <Asking q={q} wanted={wanted} onClose={() => setWanted(undefined)} />}
    </>
  );
}

function Asking({ q, wanted, onClose }: { q: string; wanted: Wanted; onClose: () => void }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { user } = useSession();
  const narrow = useIsNarrow();
  const [note, setNote] = useState("");
  const ask = useMutation({
    mutationFn: () => take(api.POST("/api/v1/approvals/exports", { body: { q, format: wanted.format, note } })),
    onSuccess: () => {
      tell(t("search.approvalAsked"));
      onClose();
    },
  });
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
          <Notice tone="info">{t("search.approvalNeeded", { mails: number(wanted.mails) })}</Notice>
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
