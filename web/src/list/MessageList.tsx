import { Button } from "@mantine/core";
import { IconArrowUp } from "@tabler/icons-react";
import { useRouter } from "@tanstack/react-router";
import { type MouseEvent, type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../api/session";
import type { MessageRow } from "../api/types";
import { useDeletion, useLeaving } from "../deletion/useDeletion";
import { useCommand } from "../keys/dispatch";
import { useFormats } from "../lang/format";
import { Delayed } from "../parts/Delayed";
import { Failure } from "../parts/Failure";
import { useIsNarrow } from "../parts/Panes";
import { isPlainClick } from "../parts/PlainLink";
import { isSuspected, useSpam } from "../spam/useSpam";
import { useDensity } from "./density";
import { GhostRow, MessageRowView } from "./MessageRow";
import type { Source } from "./messages";
import css from "./MessageList.module.css";
import { SelectionBar } from "./SelectionBar";
import { useRowWindow } from "./useRowWindow";
import type { Rows } from "./window";

/** Mails changed with one request. */
const SELECTED_MAX = 500;

const NONE: ReadonlySet<string> = new Set();

/** While one scrolls, rows are asked for at most this often. */
const ASK_MS = 100;

interface MessageListProps {
  source: Source;
  /** Changes when something else is listed: the list starts at its top again. */
  of: string;
  label: string;
  hrefOf: (row: MessageRow) => string;
  /** Where one is when none is open. */
  closedHref: string;
  /** The mails listed are deleted ones. */
  deleted?: boolean;
  openId: string | undefined;
  empty: ReactNode;
  /** Which rows are in view, so that they can be loaded. */
  onWanted: (rows: Rows) => void;
  /** How many came that the list does not show yet, and how to show them. */
  fresh?: number;
  onFresh?: () => void;
}

/** A list of any length; only what is in view exists. */
export function MessageList(props: MessageListProps) {
  const { source, of, label, hrefOf, closedHref, openId, empty, onWanted, fresh = 0, onFresh } = props;
  const { t } = useTranslation();
  const formats = useFormats();
  const density = useDensity();
  const router = useRouter();
  const narrow = useIsNarrow();
  const total = source.total ?? 0;
  const count = source.count ?? total;
  const rows = useRowWindow(count, density === "compact" ? 52 : 74);
  const { scroller, first, end, atTop, toTop, show, firstSeen } = rows;
  const [cursor, setCursor] = useState(0);
  const [byKeys, setByKeys] = useState(false);
  const [selected, setSelected] = useState(NONE);
  const mayChange = useSession().user.role !== "auditor";
  const { mutate: change } = useDeletion();
  const { mutate: say } = useSpam();
  const [listed, setListed] = useState(of);
  if (listed !== of) {
    setListed(of);
    setCursor(0);
    setByKeys(false);
    setSelected(NONE);
  }
  useEffect(toTop, [of, toTop]);

  const asked = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, asked.current + ASK_MS - performance.now());
    const timer = setTimeout(() => {
      asked.current = performance.now();
      onWanted({ first, end });
    }, wait);
    return () => clearTimeout(timer);
  }, [first, end, onWanted]);

  useEffect(() => {
    if (fresh > 0 && atTop) {
      onFresh?.();
    }
  }, [fresh, atTop, onFresh]);

  const open = useCallback(
    (row: MessageRow) => void router.navigate({ href: hrefOf(row), resetScroll: false }),
    [router, hrefOf],
  );
  const indexOfOpen = (): number => {
    for (let index = first; index < end; index += 1) {
      if (openId !== undefined && source.row(index)?.mail_id === openId) {
        return index;
      }
    }
    return cursor;
  };
  const move = (step: 1 | -1) => {
    // Where nothing is open yet, one begins with what is seen.
    const target = openId === undefined && !byKeys ? firstSeen() : indexOfOpen() + step;
    const next = Math.min(Math.max(0, target), count - 1);
    if (next < 0) {
      return;
    }
    setCursor(next);
    setByKeys(true);
    show(next);
    const row = source.row(next);
    if (!narrow && row !== undefined) {
      open(row);
    }
  };
  useCommand("next", () => move(1));
  useCommand("previous", () => move(-1));
  useCommand("open", () => {
    const row = source.row(cursor);
    if (row !== undefined) {
      open(row);
    }
  });

  const toggle = useCallback((mailId: string) => {
    setSelected((before) => {
      const next = new Set(before);
      if (!next.delete(mailId) && next.size < SELECTED_MAX) {
        next.add(mailId);
      }
      return next;
    });
  }, []);
  const meant = source.row(cursor)?.mail_id;
  useCommand("select", () => meant !== undefined && toggle(meant), mayChange && meant !== undefined);
  const act = (mails: readonly string[]) => change({ mails, restore: props.deleted === true });
  const actOnSelected = () => act([...selected]);
  // Put in front of what the open mail does with the key.
  useCommand("delete", actOnSelected, mayChange && selected.size > 0);
  useCommand("delete", () => act([meant ?? ""]), mayChange && selected.size === 0 && openId === undefined && meant !== undefined);
  const saySpam = (spam: boolean) => say({ mails: [...selected], spam }, { onSuccess: () => setSelected(NONE) });
  useCommand("spam", () => saySpam(true), mayChange && selected.size > 0);
  const pointed = source.row(cursor);
  useCommand(
    "spam",
    () => pointed !== undefined && say({ mails: [pointed.mail_id], spam: !isSuspected(pointed) }),
    mayChange && selected.size === 0 && openId === undefined && pointed !== undefined,
  );
  useLeaving((mailIds) => {
    setSelected((before) => new Set([...before].filter((mailId) => !mailIds.includes(mailId))));
    if (openId === undefined || !mailIds.includes(openId)) {
      return;
    }
    const at = indexOfOpen();
    const stays = (index: number) => {
      const row = source.row(index);
      return row !== undefined && !mailIds.includes(row.mail_id) ? row : undefined;
    };
    const rest = Array.from({ length: Math.max(0, end - at) }, (_, step) => stays(at + 1 + step));
    const next = rest.find((row) => row !== undefined) ?? stays(at - 1);
    setCursor(at);
    if (narrow || next === undefined || source.row(at)?.mail_id !== openId) {
      void router.navigate({ href: closedHref, resetScroll: false });
    } else {
      open(next);
    }
  });

  const onClick = (event: MouseEvent) => {
    const index = event.target instanceof Element ? event.target.closest("a")?.dataset["index"] : undefined;
    const row = index === undefined ? undefined : source.row(Number(index));
    if (row !== undefined && isPlainClick(event)) {
      event.preventDefault();
      setCursor(Number(index));
      setByKeys(false);
      open(row);
    }
  };

  const frame = `${css.frame} ${density === "compact" ? css.compact : ""} ${source.isStale ? css.stale : ""}`;
  if (source.error !== null && source.total === undefined) {
    return (
      <div className={`${css.frame} ${css.below}`}>
        <Failure error={source.error} what={t("list.failed")} retry={source.retry} />
      </div>
    );
  }
  return (
    <div className={frame}>
      {selected.size === 0 ? null : (
        <SelectionBar
          mails={[...selected]}
          deleted={props.deleted === true}
          onAct={actOnSelected}
          onSpam={saySpam}
          onClear={() => setSelected(NONE)}
        />
      )}
      {fresh > 0 && !atTop ? (
        <Button
          className={css.pill}
          size="compact-sm"
          radius="xl"
          leftSection={<IconArrowUp size={15} aria-hidden />}
          onClick={() => {
            onFresh?.();
            toTop();
          }}
        >
          {t("list.fresh", { count: fresh })}
        </Button>
      ) : null}
      <div ref={scroller} className={css.scroller} onClick={onClick} tabIndex={-1}>
        {source.isLoading ? (
          <Delayed>
            {Array.from({ length: 12 }, (_, index) => (
              <GhostRow key={index} index={index} />
            ))}
          </Delayed>
        ) : null}
        {source.total === 0 ? empty : null}
        <div className={css.spacer} style={{ height: rows.spacer }}>
          <div
            role="list"
            aria-label={label}
            aria-busy={source.isLoading || source.isStale}
            className={css.rows}
            style={{ transform: `translateY(${rows.top}px)` }}
          >
            {Array.from({ length: Math.max(0, end - first) }, (_, at) => {
              const index = first + at;
              const row = source.row(index);
              return row === undefined ? (
                <GhostRow key={index} index={index} />
              ) : (
                <MessageRowView
                  key={index}
                  row={row}
                  index={index}
                  total={total}
                  href={hrefOf(row)}
                  isOpen={row.mail_id === openId}
                  isCursor={index === cursor}
                  showCursor={byKeys}
                  isSelected={selected.has(row.mail_id)}
                  onSelect={mayChange ? toggle : undefined}
                  formats={formats}
                  t={t}
                />
              );
            })}
          </div>
        </div>
      </div>
      {source.error === null ? null : (
        <div className={css.trouble}>
          <Failure error={source.error} what={t("list.moreFailed")} retry={source.retry} />
        </div>
      )}
    </div>
  );
}

/** Name of the list, how many it holds, and its controls. */
export function ListHead({ title, total, children }: { title: string; total: string | undefined; children: ReactNode }) {
  return (
    <div className={css.head}>
      <div className={css.title}>
        <h1>{title}</h1>
        {total === undefined ? null : <span className={css.total}>{total}</span>}
      </div>
      {children}
    </div>
  );
}
