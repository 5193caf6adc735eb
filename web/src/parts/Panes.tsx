import { useMediaQuery } from "@mantine/hooks";
import type { ReactNode } from "react";
import css from "./Panes.module.css";

/** From here on the right column has its own place. */
const WIDE = "(min-width: 1280px)";
/** Below this there is one pane at a time. */
const NARROW = "(max-width: 767px)";

const AT_ONCE = { getInitialValueInEffect: false };

export function useIsWide(): boolean {
  return useMediaQuery(WIDE, true, AT_ONCE);
}

export function useIsNarrow(): boolean {
  return useMediaQuery(NARROW, false, AT_ONCE);
}

interface PanesProps {
  list: ReactNode;
  reader: ReactNode;
  /** The right column; only given where it has its own place. */
  side: ReactNode;
  /** Which pane is seen where there is room for one only. */
  front: "list" | "reader";
  listLabel: string;
  readerLabel: string;
}

/** List, reader and right column side by side; one at a time on a phone. */
export function Panes({ list, reader, side, front, listLabel, readerLabel }: PanesProps) {
  return (
    <div className={css.panes}>
      <section className={`${css.list} ${front === "list" ? "" : css.hidden}`} aria-label={listLabel}>
        {list}
      </section>
      <section className={`${css.reader} ${front === "reader" ? "" : css.hidden}`} aria-label={readerLabel}>
        {reader}
      </section>
      <div className={css.side}>{side}</div>
    </div>
  );
}
