import { ActionIcon, Anchor, Button, Skeleton } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconPhotoOff, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { messageQuery } from "../api/queries";
import type { Address, MessageDetail, MessageRow } from "../api/types";
import { useFormats } from "../lang/format";
import { Delayed } from "../parts/Delayed";
import { Failure } from "../parts/Failure";
import { initialsOf } from "../parts/initials";
import { Notice, Pill } from "../parts/Notice";
import { Attachments } from "./Attachments";
import { MailFrame } from "./MailFrame";
import { Origin } from "./Origin";
import css from "./Reader.module.css";
import { TextBody } from "./TextBody";

export function FoldedMessage({ row, onOpen }: { row: MessageRow; onOpen: () => void }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const name = row.from?.name ?? row.from?.address ?? t("list.unknownSender");
  return (
    <button type="button" className={css.folded} aria-expanded={false} onClick={onOpen}>
      <span className={css.avatar} aria-hidden>
        {initialsOf(name)}
      </span>
      <span className={css.preview}>
        <b>{name}</b> {row.preview}
      </span>
      {row.deleted === null ? null : (
        <Pill tone="warn" icon={IconTrash}>
          {t("deletion.isDeleted")}
        </Pill>
      )}
      <time className={css.when} dateTime={row.date}>
        {formats.listDate(row.date)}
      </time>
    </button>
  );
}

/** One message in full: who, when, the body, the attachments. */
export function Message({ mailId, onFold }: { mailId: string; onFold?: (() => void) | undefined }) {
  const { t } = useTranslation();
  const { data, error, isPending, refetch } = useQuery(messageQuery(mailId));
  if (isPending) {
    return (
      <Delayed>
        <Skeleton height={120} my="md" />
      </Delayed>
    );
  }
  if (data === undefined) {
    return <Failure error={error} what={t("reader.failed")} retry={() => void refetch()} />;
  }
  return (
    <>
      <Head message={data} onFold={onFold} />
      <Origin origin={data.authentication} />
      <Body message={data} />
      <Attachments mailId={data.mail_id} parts={data.attachments} />
    </>
  );
}

function Head({ message, onFold }: { message: MessageDetail; onFold: (() => void) | undefined }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const from = message.from[0];
  const name = from?.name ?? from?.address ?? t("list.unknownSender");
  const recipients = [...message.to, ...message.cc];
  const shown = recipients.slice(0, 3).map((one) => one.name ?? one.address);
  const others = recipients.length - shown.length;
  return (
    <header className={css.head} role="presentation">
      <span className={css.avatar} aria-hidden>
        {initialsOf(name)}
      </span>
      <div>
        <div className={css.from}>
          <b>{name}</b>{" "}
          {from !== undefined && from.name !== null ? <span className={css.address}>&lt;{from.address}&gt;</span> : null}
        </div>
        <details className={css.recipients}>
          <summary>
            {recipients.length === 0
              ? t("reader.noRecipients")
              : t("reader.to", { names: formats.list(shown) }) +
                (others > 0 ? ` ${t("reader.andMore", { count: others })}` : "")}
            {" · "}
            <time dateTime={message.date}>{formats.longDate(message.date)}</time>
            <IconChevronDown size={15} className={css.chevron} aria-label={t("reader.details")} role="img" />
          </summary>
          <dl className={css.facts}>
            <Addresses label={t("reader.from")} of={message.from} />
            <Addresses label={t("reader.sender")} of={message.sender === null ? [] : [message.sender]} />
            <Addresses label={t("reader.toLabel")} of={message.to} />
            <Addresses label={t("reader.cc")} of={message.cc} />
            <Addresses label={t("reader.bcc")} of={message.bcc} />
            <Addresses label={t("reader.replyTo")} of={message.reply_to} />
            {message.written !== null && message.written !== message.date ? (
              <>
                <dt>{t("reader.written")}</dt>
                <dd>{formats.longDate(message.written)}</dd>
              </>
            ) : null}
          </dl>
        </details>
      </div>
      {onFold === undefined ? null : (
        <ActionIcon variant="subtle" color="gray" className={css.touch} aria-label={t("reader.fold")} onClick={onFold}>
          <IconChevronUp size={18} stroke={1.7} />
        </ActionIcon>
      )}
    </header>
  );
}

function Addresses({ label, of }: { label: string; of: Address[] }) {
  if (of.length === 0) {
    return null;
  }
  return (
    <>
      <dt>{label}</dt>
      <dd>{of.map(({ name, address }) => (name === null ? address : `${name} <${address}>`)).join(", ")}</dd>
    </>
  );
}

/** Formatted where the mail has HTML, otherwise its text; one can be changed for the other. */
function Body({ message }: { message: MessageDetail }) {
  const { t } = useTranslation();
  const [images, setImages] = useState(false);
  const [asText, setAsText] = useState(!message.has_html);
  const hasText = message.text.some((stretch) => stretch.text.trim() !== "");
  return (
    <>
      {!asText && message.remote_images && !images ? (
        <div className={css.imagesBar}>
          <IconPhotoOff size={20} stroke={1.7} aria-hidden />
          <span>{t("reader.imagesBlocked")}</span>
          <Button size="xs" variant="default" onClick={() => setImages(true)}>
            {t("reader.showImages")}
          </Button>
        </div>
      ) : null}
      {asText ? (
        <TextBody stretches={message.text} />
      ) : (
        <MailFrame mailId={message.mail_id} images={images} title={t("reader.frame")} />
      )}
      {asText && message.text_cut ? (
        <Notice tone="info" title={t("reader.textCut")}>
          {t("reader.textCutWhat")}
        </Notice>
      ) : null}
      {message.has_html && hasText ? (
        <Anchor component="button" type="button" size="sm" className={css.change} onClick={() => setAsText(!asText)}>
          {asText ? t("reader.showFormatted") : t("reader.showText")}
        </Anchor>
      ) : null}
    </>
  );
}
