import type { DocumentFolder } from "../api/types";

/** A folder with all folders above it in its name. */
export interface FolderPath {
  folder: DocumentFolder;
  /** "Contracts / 2026" */
  path: string;
  /** 1 at the top. */
  level: number;
}

/** Levels folders may have. */
export const LEVELS_MAX = 3;

/** All folders with their paths, each behind the one it lies in. */
export function paths(folders: readonly DocumentFolder[]): FolderPath[] {
  const below = (parent: number | null, path: string, level: number): FolderPath[] =>
    level > LEVELS_MAX
      ? []
      : folders
          .filter((folder) => folder.parent === parent)
          .flatMap((folder) => {
            const own = path === "" ? folder.name : `${path} / ${folder.name}`;
            return [{ folder, path: own, level }, ...below(folder.key, own, level + 1)];
          });
  return below(null, "", 1);
}
