import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import {
  type Geometry,
  type Place,
  placeOf,
  positionShowing,
  type Rows,
  scrolled,
  spacerHeight,
  START,
  visibleRows,
} from "./window";

const OVERSCAN = 6;

export interface RowWindow extends Rows {
  /** For the element that scrolls. */
  scroller: RefObject<HTMLDivElement | null>;
  /** Height of the element that makes the scroll bar, pixels. */
  spacer: number;
  /** Where row `first` is drawn inside the spacer, pixels. */
  top: number;
  /** Whether the list stands at its very top. */
  atTop: boolean;
  /** Scrolls as far as needed to show a row. */
  show: (row: number) => void;
  toTop: () => void;
  /** The first row that is seen wholly. */
  firstSeen: () => number;
}

/** Which of `count` rows of equal height are drawn inside a scrolling element, and where. */
export function useRowWindow(count: number, rowHeight: number): RowWindow {
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState(800);
  const place = useRef<Place>(START);
  const [rows, setRows] = useState<Rows & { shift: number }>({ first: 0, end: 0, shift: 0 });
  const [atTop, setAtTop] = useState(true);
  const geometry = useRef<Geometry>({ count, rowHeight, view });

  const settle = useCallback((next: Place) => {
    place.current = next;
    const drawn = visibleRows(geometry.current, next, OVERSCAN);
    setRows((old) =>
      old.first === drawn.first && old.end === drawn.end && old.shift === next.shift
        ? old
        : { ...drawn, shift: next.shift },
    );
    setAtTop(next.top + next.shift < geometry.current.rowHeight / 2);
  }, []);

  const moveTo = useCallback(
    (at: number) => {
      const next = placeOf(geometry.current, at);
      settle(next);
      if (scroller.current !== null) {
        scroller.current.scrollTop = next.top;
      }
    },
    [settle],
  );

  useEffect(() => {
    const element = scroller.current;
    if (element === null) {
      return undefined;
    }
    const onScroll = () => {
      const top = element.scrollTop;
      if (top === place.current.top) {
        return;
      }
      const next = scrolled(geometry.current, place.current, top);
      settle(next);
      if (next.top !== top) {
        element.scrollTop = next.top;
      }
    };
    const observer = new ResizeObserver(() => setView(element.clientHeight));
    element.addEventListener("scroll", onScroll, { passive: true });
    observer.observe(element);
    return () => {
      element.removeEventListener("scroll", onScroll);
      observer.disconnect();
    };
  }, [settle]);

  useLayoutEffect(() => {
    const changedHeight = geometry.current.rowHeight !== rowHeight;
    const firstRow = (place.current.top + place.current.shift) / geometry.current.rowHeight;
    geometry.current = { count, rowHeight, view };
    if (changedHeight) {
      moveTo(firstRow * rowHeight);
    } else {
      settle(scrolled(geometry.current, place.current, scroller.current?.scrollTop ?? 0));
    }
  }, [count, rowHeight, view, moveTo, settle]);

  const show = useCallback(
    (row: number) => {
      const at = positionShowing(geometry.current, place.current, row);
      if (at !== place.current.top + place.current.shift) {
        moveTo(at);
      }
    },
    [moveTo],
  );
  const toTop = useCallback(() => moveTo(0), [moveTo]);
  const firstSeen = useCallback(
    () => Math.ceil((place.current.top + place.current.shift) / geometry.current.rowHeight),
    [],
  );

  return {
    scroller,
    first: Math.min(rows.first, count),
    end: Math.min(rows.end, count),
    spacer: spacerHeight({ count, rowHeight, view }),
    top: rows.first * rowHeight - rows.shift,
    atTop,
    show,
    toTop,
    firstSeen,
  };
}
