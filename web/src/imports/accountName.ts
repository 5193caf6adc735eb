const ENDINGS = /\.(?:eml|emlx|msg|pst|ost|mbox|mbx|zip|tar|tgz|gz|zst)$/iu;

/** A name for an import: the folder, or the file without its ending; the first where there are several. */
export function accountNameFor(paths: string[]): string {
  const first = paths[0] ?? "";
  const folder = first.split("/").slice(0, -1)[0];
  if (folder !== undefined && folder !== "") {
    return folder;
  }
  let name = first;
  while (ENDINGS.test(name)) {
    name = name.replace(ENDINGS, "");
  }
  return name;
}
