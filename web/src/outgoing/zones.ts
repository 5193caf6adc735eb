/** IANA names for a list: the one that is kept, the browser's own, then all. */
export function zoneNames(kept: string): string[] {
  const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const names = [own, kept, "UTC", ...Intl.supportedValuesOf("timeZone")];
  return [...new Set(names.filter((name) => name !== ""))];
}
