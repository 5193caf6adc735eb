import { Checkbox, Modal, Select, Stack } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { messageQuery } from "../api/queries";
import type { RecordName } from "../api/types";
import { recordTitle } from "../links/words";
import { Failure } from "../parts/Failure";
import { Loading } from "../parts/Loading";
import { PlainLink } from "../parts/PlainLink";
import { documentsQuery, recordFoldersQuery } from "./queries";
import { paths } from "./tree";

/** Chosen for the whole mail. */
const MAIL = "mail";

interface FileDialogProps {
  mailId: string;
  record: RecordName;
  onClose: () => void;
}

/** Files a mail, or one of its attachments, in folders of a record. */
export function FileDialog({ mailId, record, onClose }: FileDialogProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { kind, number } = record;
  const message = useQuery(messageQuery(mailId)).data;
  const folders = useQuery(recordFoldersQuery(kind, number));
  const filed = useQuery(documentsQuery(mailId));
  const [what, setWhat] = useState(MAIL);
  const part = what === MAIL ? null : what;
  const change = useMutation({
    mutationFn: (wish: { folder: number; filed: boolean }) =>
      done(
        api.POST("/api/v1/records/{kind}/{number}/documents", {
          params: { path: { kind, number } },
          body: { mail_id: mailId, part, ...wish },
        }),
      ),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: documentsQuery(mailId).queryKey }),
        client.invalidateQueries({ queryKey: ["record", kind, number] }),
      ]),
  });
  const attachments = message?.attachments ?? [];
  const lies = (folder: number) =>
    filed.data?.some(
      (one) => one.folder === folder && one.kind === kind && one.number === number && one.part === part,
    ) === true;
  const found = paths((folders.data ?? []).map(({ folder }) => folder));
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("documents.fileFor", { record: recordTitle(t, record) })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Stack>
        {attachments.length === 0 ? null : (
          <Select
            label={t("documents.what")}
            allowDeselect={false}
            data={[
              { value: MAIL, label: t("documents.wholeMail") },
              ...attachments.map(({ number: value, name }) => ({ value, label: name ?? t("record.unnamed") })),
            ]}
            value={what}
            onChange={(value) => setWhat(value ?? MAIL)}
          />
        )}
        <Loading of={folders} what={t("documents.failed")} height={60} />
        {folders.isSuccess && found.length === 0 ? (
          <div>
            {t("documents.noFolders")} <PlainLink to="/settings/folders">{t("documents.toFolders")}</PlainLink>
          </div>
        ) : null}
        {filed.isSuccess
          ? found.map(({ folder, path }) => (
              <Checkbox
                key={folder.key}
                label={path}
                checked={lies(folder.key)}
                disabled={change.isPending}
                onChange={(event) => change.mutate({ folder: folder.key, filed: event.currentTarget.checked })}
              />
            ))
          : null}
        {change.error === null ? null : <Failure error={change.error} what={t("documents.notFiled")} />}
      </Stack>
    </Modal>
  );
}
