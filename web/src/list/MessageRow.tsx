import { IconAlertTriangle, IconFileUnknown, IconMailExclamation, IconPaperclip } from "@tabler/icons-react";
import type { TFunction } from "i18next";
import { memo, type ReactNode } from "react";
import type { MessageRow, Piece } from "../api/types";
import { GroupPill } from "../groups/GroupPill";
import type { Formats } from "../lang/format";
import { bucketOf, initialsOf } from "../parts/initials";
import { KINDS } from "../parts/kinds";
import { isSuspected } from "../spam/useSpam";
import { TagPill } from "../tags/TagPill";
import css from "./MessageList.module.css";

interface RowProps {
  row: MessageRow & { snippet?: Piece[] };
  index: number;
  total: number;
  href: string;
  isOpen: boolean;
  /** Where the keys are. */
  isCursor: boolean;
  showCursor: boolean;
  isSelected: boolean;
  /** Absent where nothing can be done with a selection. */
  onSelect: ((mailId: string) => void) | undefined;
  formats: Formats;
  t: TFunction;
}

/** One line of the list. Plain elements only: hundreds pass by in a second of scrolling. */
export const MessageRowView = memo(function MessageRowView(props: RowProps) {
  const { row, index, total, href, isOpen, isCursor, showCursor, isSelected, onSelect, formats, t } = props;
  const from = nameOf(row) ?? t("list.unknownSender");
  const state = `${row.unread ? css.unread : ""} ${isOpen ? css.open : ""} ${isCursor && showCursor ? css.cursor : ""} ${isSelected ? css.selected : ""}`;
  return (
    <div role="listitem" aria-setsize={total} aria-posinset={index + 1} className={css.item}>
      <a
        href={href}
        data-index={index}
        className={`${css.row} ${state}`}
        aria-current={isOpen ? "true" : undefined}
        tabIndex={isCursor ? 0 : -1}
        draggable={false}
      >
        <span className={`${css.avatar} ${css[`a${bucketOf(row.from?.address ?? from, 8)}`]}`} aria-hidden>
          {initialsOf(from)}
        </span>
        <span className={css.from}>
          <span>
            {row.unread ? <span className="sr-only">{t("list.unreadPrefix")} </span> : null}
            {from}
          </span>
          {row.thread_count > 1 ? (
            <span className={css.threadCount}>
              {row.thread_count}
              <span className="sr-only"> {t("list.inThread")}</span>
            </span>
          ) : null}
        </span>
        <span className={css.when}>
          {row.attachments > 0 ? (
            <IconPaperclip size={15} stroke={1.8} role="img" aria-label={t("list.hasAttachments")} />
          ) : null}
          <time dateTime={row.date}>{formats.listDate(row.date)}</time>
        </span>
        <span className={css.subject}>{row.subject ?? t("list.noSubject")}</span>
        <span className={css.last}>
          <span className={css.preview}>{row.snippet === undefined ? row.preview : <Snippet of={row.snippet} />}</span>
          <Sign row={row} t={t} />
          {row.groups.slice(0, 1).map(({ id, name }) => (
            <GroupPill key={id} name={name} />
          ))}
          {row.tags.slice(0, 2).map((tag) => (
            <TagPill key={tag.key} tag={tag} small />
          ))}
        </span>
      </a>
      {onSelect === undefined ? null : (
        <label className={css.check}>
          <input
            type="checkbox"
            checked={isSelected}
            tabIndex={isCursor ? 0 : -1}
            aria-label={t("list.select", { subject: row.subject ?? t("list.noSubject") })}
            onChange={() => onSelect(row.mail_id)}
          />
        </label>
      )}
    </div>
  );
});

function nameOf({ from }: MessageRow): string | undefined {
  const name = from?.name?.trim();
  return name === undefined || name === "" ? from?.address : name;
}

export function Snippet({ of }: { of: Piece[] }) {
  return of.map((piece, at) => (piece.hit ? <mark key={at}>{piece.text}</mark> : piece.text)) as ReactNode;
}

/** What is out of the ordinary; a plain mail from a person has no tag. */
function Sign({ row, t }: { row: MessageRow; t: TFunction }) {
  if (row.quarantined) {
    return (
      <span className={`${css.tag} ${css.danger}`}>
        <IconFileUnknown size={12} stroke={2.2} aria-hidden />
        <span>{t("list.quarantined")}</span>
      </span>
    );
  }
  if (isSuspected(row)) {
    return (
      <span className={`${css.tag} ${css.warn}`}>
        <IconMailExclamation size={12} stroke={2.2} aria-hidden />
        <span>{t("spam.suspected")}</span>
      </span>
    );
  }
  if (row.kind !== "personal") {
    const { tone, icon: Icon } = KINDS[row.kind];
    return (
      <span className={`${css.tag} ${css[tone]}`}>
        <Icon size={12} stroke={2.2} aria-hidden />
        <span>{t(`kinds.${row.kind}`)}</span>
      </span>
    );
  }
  if (row.defects) {
    return (
      <span className={`${css.tag} ${css.warn}`}>
        <IconAlertTriangle size={12} stroke={2.2} aria-hidden />
        <span>{t("list.defects")}</span>
      </span>
    );
  }
  return null;
}

/** A row that is still on its way. */
export const GhostRow = memo(function GhostRow({ index }: { index: number }) {
  return (
    <div className={`${css.row} ${css.ghost}`} aria-hidden>
      <span className={css.avatar} />
      <span className={css.from}>
        <span className={css.bone} style={{ width: `${34 + ((index * 17) % 30)}%` }} />
      </span>
      <span className={css.subject}>
        <span className={css.bone} style={{ width: `${55 + ((index * 29) % 38)}%`, display: "block", marginTop: 5 }} />
      </span>
      <span className={css.last}>
        <span className={css.bone} style={{ width: `${40 + ((index * 41) % 50)}%` }} />
      </span>
    </div>
  );
});
