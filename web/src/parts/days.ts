/** Days of date inputs, and the moments they begin and end at by the clock here. */

const written = (at: Date): string =>
  [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, "0")).join("-");

/** The moment a day begins; nothing without a day. */
export function begin(day: string): string | null {
  return day === "" ? null : new Date(`${day}T00:00:00`).toISOString();
}

/** The moment a day is over: the next one begins. */
export function end(day: string): string | null {
  if (day === "") {
    return null;
  }
  const at = new Date(`${day}T00:00:00`);
  at.setDate(at.getDate() + 1);
  return at.toISOString();
}

/** The day that begins at this moment. */
export function dayOf(at: string | null | undefined): string {
  return at == null ? "" : written(new Date(at));
}

/** The day that is over at this moment. */
export function lastDayOf(at: string | null | undefined): string {
  return at == null ? "" : written(new Date(Date.parse(at) - 1));
}
