import { useRouter } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useCommand } from "../keys/dispatch";
import { Panes, useIsWide } from "../parts/Panes";
import { Reader } from "./Reader";
import { SideColumn } from "./SideColumn";

interface ReadingPanesProps {
  list: ReactNode;
  listLabel: string;
  /** The message that is open. */
  openId: string | undefined;
  /** Where one is when none is. */
  closedHref: string;
  /** In the reader's place when none is. */
  resting: ReactNode;
}

/** A list and the message that is open beside it. */
export function ReadingPanes({ list, listLabel, openId, closedHref, resting }: ReadingPanesProps) {
  const { t } = useTranslation();
  const router = useRouter();
  const wide = useIsWide();
  const close = () => void router.navigate({ href: closedHref, resetScroll: false });
  useCommand("back", close, openId !== undefined);
  return (
    <Panes
      list={list}
      listLabel={listLabel}
      readerLabel={t("reader.label")}
      front={openId === undefined ? "list" : "reader"}
      reader={openId === undefined ? resting : <Reader key={openId} mailId={openId} onClose={close} withSide={!wide} />}
      side={wide && openId !== undefined ? <SideColumn mailId={openId} /> : null}
    />
  );
}
