import { ActionIcon, Skeleton } from "@mantine/core";
import {
  IconArrowBackUp,
  IconArrowLeft,
  IconCode,
  IconDownload,
  IconMail,
  IconMailCheck,
  IconMailExclamation,
  IconMailOpened,
  IconTrash,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ComponentType, lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { isProblem } from "../api/problem";
import { messageQuery, threadQuery } from "../api/queries";
import type { MessageDetail, MessageRow } from "../api/types";
import { useDeletion } from "../deletion/useDeletion";
import { GroupLink } from "../groups/GroupPill";
import { useCommand } from "../keys/dispatch";
import { useFormats } from "../lang/format";
import { Delayed } from "../parts/Delayed";
import { Failure } from "../parts/Failure";
import { KINDS } from "../parts/kinds";
import { Notice, Pill } from "../parts/Notice";
import { useIsNarrow } from "../parts/Panes";
import { SpamNotice } from "../spam/SpamNotice";
import { isSuspected, useSpam } from "../spam/useSpam";
import { TagEditor } from "../tags/TagEditor";
import { TagLink } from "../tags/TagPill";
import { FoldedMessage, Message } from "./Message";
import css from "./Reader.module.css";
import { SideColumn } from "./SideColumn";
import { useSeen } from "./useSeen";

const SourceDialog = lazy(() => import("./SourceDialog").then((module) => ({ default: module.SourceDialog })));

interface ReaderProps {
  mailId: string;
  onClose: () => void;
  /** The right column has no place of its own and stands above the mail. */
  withSide: boolean;
}

/** A message within its thread. */
export function Reader({ mailId, onClose, withSide }: ReaderProps) {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  const message = useQuery(messageQuery(mailId));
  const [source, setSource] = useState(false);
  const { data, error } = message;
  const seen = useSeen(data);
  const deletion = useDeletion();
  const changeDeletion = () => deletion.mutate({ mails: [mailId], restore: data?.deleted !== null });
  const say = useSpam();
  const suspected = data !== undefined && isSuspected(data);
  const changeSpam = () => say.mutate({ mails: [mailId], spam: !suspected });
  useCommand("spam", changeSpam, data !== undefined && seen.mayChange);
  useCommand("delete", changeDeletion, data !== undefined && seen.mayChange);
  useCommand("source", () => setSource(true), data !== undefined);
  return (
    <article aria-busy={message.isPending}>
      <div className={css.bar}>
        {narrow ? (
          <Tool icon={IconArrowLeft} label={t("reader.back")} onClick={onClose} />
        ) : null}
        <span className={css.grow} />
        {data === undefined ? null : (
          <>
            {seen.mayChange ? (
              <Tool
                icon={seen.unread ? IconMailOpened : IconMail}
                label={seen.unread ? t("reader.markRead") : t("reader.markUnread")}
                onClick={seen.toggle}
              />
            ) : null}
            {seen.mayChange ? (
              <Tool
                icon={data.deleted === null ? IconTrash : IconArrowBackUp}
                label={t(data.deleted === null ? "deletion.delete" : "deletion.restore")}
                onClick={changeDeletion}
              />
            ) : null}
            {seen.mayChange ? (
              <Tool
                icon={suspected ? IconMailCheck : IconMailExclamation}
                label={t(suspected ? "spam.isNone" : "spam.is")}
                onClick={changeSpam}
              />
            ) : null}
            <Tool icon={IconCode} label={t("reader.source")} onClick={() => setSource(true)} />
              <TagEditor message={data} />
              <ActionIcon
                component="a"
                href={`/api/v1/messages/${mailId}/raw`}
                download
                variant="subtle"
                color="gray"
                className={css.touch}
                aria-label={t("reader.download")}
                title={t("reader.download")}
              >
                <IconDownload size={19} stroke={1.7} />
              </ActionIcon>
          </>
        )}
      </div>
      {error !== null && data === undefined ? (
        <div className={css.inner}>
          {isProblem(error, 404) ? (
            <Notice tone="warn" title={t("reader.missing")} live>
              {t("reader.missingWhy")}
            </Notice>
          ) : (
            <Failure error={error} what={t("reader.failed")} retry={() => void message.refetch()} />
          )}
        </div>
      ) : null}
      {message.isPending ? <Bones /> : null}
      {data === undefined ? null : (
        <div className={css.inner}>
          <Subject message={data} />
          <SpamNotice message={data} mayChange={seen.mayChange} />
          {withSide ? (
            <details className={css.above}>
              <summary>{t("side.summary")}</summary>
              <SideColumn mailId={mailId} />
            </details>
          ) : null}
          <Thread message={data} />
        </div>
      )}
      <Suspense>
        {source && data !== undefined ? <SourceDialog mailId={mailId} onClose={() => setSource(false)} /> : null}
      </Suspense>
    </article>
  );
}

interface ToolProps {
  icon: ComponentType<{ size: number; stroke: number }>;
  label: string;
  onClick: () => void;
}

function Tool({ icon: Sign, label, onClick }: ToolProps) {
  return (
    <ActionIcon variant="subtle" color="gray" className={css.touch} aria-label={label} title={label} onClick={onClick}>
      <Sign size={19} stroke={1.7} />
    </ActionIcon>
  );
}

function Subject({ message }: { message: MessageDetail }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const narrow = useIsNarrow();
  const Heading = narrow ? "h1" : "h2";
  const { tone, icon } = KINDS[message.kind];
  const blocked = message.quarantine_reason !== null;
  return (
    <>
      <Heading className={css.subject}>{message.subject ?? t("list.noSubject")}</Heading>
      <div className={css.pills}>
        {message.kind === "personal" ? null : (
          <Pill tone={tone} icon={icon}>
            {t(`kinds.${message.kind}`)}
          </Pill>
        )}
        {message.defects.length === 0 ? null : (
          <Pill tone="warn">{t("reader.defects", { count: message.defects.length })}</Pill>
        )}
        {message.deleted === null ? null : (
          <Pill tone="warn" icon={IconTrash}>
            {t("deletion.since", { date: formats.longDate(message.deleted) })}
          </Pill>
        )}
        {message.spam !== null && message.spam.said === false ? (
          <Pill tone="ok" icon={IconMailCheck}>
            {t("spam.isChecked")}
          </Pill>
        ) : null}
        {message.groups.map(({ id, name }) => (
          <GroupLink key={id} name={name} />
        ))}
        {message.tags.map((tag) => (
          <TagLink key={tag.key} tag={tag} />
        ))}
      </div>
      {blocked ? (
        <div className={css.above}>
          <Notice tone="danger" title={t("reader.quarantined")}>
            {message.quarantine_reason}
            <div>{t("reader.quarantinedWhat")}</div>
          </Notice>
        </div>
      ) : null}
    </>
  );
}

/** The messages of the thread; the one that was opened is unfolded, the others on a click. */
function Thread({ message }: { message: MessageDetail }) {
  const { data } = useQuery(threadQuery(message.thread_id));
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set([message.mail_id]));
  const rows = data?.some((row) => row.mail_id === message.mail_id) === true ? data : undefined;
  const toggle = (row: MessageRow) => {
    const next = new Set(open);
    if (!next.delete(row.mail_id)) {
      next.add(row.mail_id);
    }
    setOpen(next);
  };
  if (rows === undefined || rows.length < 2) {
    return <Message mailId={message.mail_id} />;
  }
  return rows.map((row) => (
    <section key={row.mail_id} className={css.message}>
      {open.has(row.mail_id) ? (
        <Message mailId={row.mail_id} onFold={row.mail_id === message.mail_id ? undefined : () => toggle(row)} />
      ) : (
        <FoldedMessage row={row} onOpen={() => toggle(row)} />
      )}
    </section>
  ));
}

function Bones() {
  return (
    <Delayed>
      <div className={css.bones}>
        <Skeleton height={24} width="70%" />
        <Skeleton height={36} width="45%" />
        <Skeleton height={220} />
      </div>
    </Delayed>
  );
}

