/** What is chosen after a click on one of a list; with the shift key all from the last one clicked on are. */
export function chosenAfter(
  chosen: ReadonlySet<string>,
  all: readonly string[],
  clicked: string,
  last: string | undefined,
  wholeRange: boolean,
): Set<string> {
  const next = new Set(chosen);
  const wanted = !chosen.has(clicked);
  const from = last === undefined ? -1 : all.indexOf(last);
  const to = all.indexOf(clicked);
  const range = wholeRange && from >= 0 && to >= 0 ? all.slice(Math.min(from, to), Math.max(from, to) + 1) : [clicked];
  for (const id of range) {
    if (wanted) {
      next.add(id);
    } else {
      next.delete(id);
    }
  }
  return next;
}
