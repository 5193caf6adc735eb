/**
 * Which rows of a long list are to be drawn, and where.
 *
 * All rows have one height, so nothing is measured and a million rows cost nothing. Browsers do not lay out
 * elements taller than some 17 million pixels; a taller list gets a shorter spacer, and `shift` says how far the
 * drawn rows lie from where they would be in the full list. Short movements stay one to one; long ones (the
 * scroll bar is dragged) are proportional.
 */
export interface Geometry {
  count: number;
  rowHeight: number;
  /** Height of the part one sees, pixels. */
  view: number;
}

/** Tallest spacer, pixels: below the limit of every browser. */
export const SPACER_MAX = 15_000_000;

/** How far rows may drift from the proportional place before the scroll position is set anew, pixels. */
const DRIFT_MAX = 200_000;

export interface Place {
  /** scrollTop of the element. */
  top: number;
  /** Position in the full list = top + shift. */
  shift: number;
}

export const START: Place = { top: 0, shift: 0 };

export function fullHeight({ count, rowHeight }: Geometry): number {
  return count * rowHeight;
}

export function spacerHeight(geometry: Geometry): number {
  return Math.min(fullHeight(geometry), SPACER_MAX);
}

/** The place after the element was scrolled to `top`; its `top` differs only if the element must be moved. */
export function scrolled(geometry: Geometry, before: Place, top: number): Place {
  const full = fullHeight(geometry) - geometry.view;
  const spacer = spacerHeight(geometry) - geometry.view;
  if (full <= spacer || spacer <= 0) {
    return { top, shift: 0 };
  }
  const ratio = full / spacer;
  if (Math.abs(top - before.top) > geometry.view * 2) {
    return { top, shift: Math.round(top * ratio) - top };
  }
  const at = Math.min(Math.max(0, top + before.shift), full);
  const ideal = at / ratio;
  const atEdge = (top <= 0 && at > 0) || (top >= spacer && at < full) || at === 0 || at === full;
  if (atEdge || Math.abs(top - ideal) > DRIFT_MAX) {
    const moved = Math.round(ideal);
    return { top: moved, shift: at - moved };
  }
  return { top, shift: at - top };
}

/** The place at which position `at` of the full list is the top of the view. */
export function placeOf(geometry: Geometry, at: number): Place {
  const full = Math.max(0, fullHeight(geometry) - geometry.view);
  const spacer = Math.max(0, spacerHeight(geometry) - geometry.view);
  const target = Math.min(Math.max(0, at), full);
  if (full <= spacer) {
    return { top: target, shift: 0 };
  }
  const top = Math.round((target * spacer) / full);
  return { top, shift: target - top };
}

export interface Rows {
  /** First row to draw. */
  first: number;
  /** One behind the last row to draw. */
  end: number;
}

export function visibleRows(geometry: Geometry, place: Place, overscan: number): Rows {
  const at = place.top + place.shift;
  const first = Math.max(0, Math.floor(at / geometry.rowHeight) - overscan);
  const end = Math.min(geometry.count, Math.ceil((at + geometry.view) / geometry.rowHeight) + overscan);
  return { first: Math.min(first, Math.max(0, end)), end: Math.max(0, end) };
}

/** Where the view must start so that `row` is seen wholly; the present position if it is. */
export function positionShowing(geometry: Geometry, place: Place, row: number): number {
  const at = place.top + place.shift;
  const start = row * geometry.rowHeight;
  if (start < at) {
    return start;
  }
  const end = start + geometry.rowHeight;
  return end > at + geometry.view ? end - geometry.view : at;
}
