import { useSyncExternalStore } from "react";
import { currentLanguage } from "../lang/language";
import { Problem, Unreachable } from "./problem";
import { queryClient } from "./queries";
import type { ImportRun } from "./types";

/** A file chosen or dropped, with its path inside a dropped folder. */
export interface Picked {
  file: File;
  path: string;
}

/** Files on their way to the server. Once they are there, the import goes on without the page. */
export interface Upload {
  id: number;
  account: string;
  names: string[];
  sent: number;
  total: number;
  state: "sending" | "failed";
  error: Error | undefined;
}

interface Store {
  /** Waiting for the user to say where to. */
  picked: Picked[];
  uploads: Upload[];
}

let store: Store = { picked: [], uploads: [] };
let numbers = 0;
const listeners = new Set<() => void>();
const requests = new Map<number, XMLHttpRequest>();

function set(next: Partial<Store>): void {
  store = { ...store, ...next };
  listeners.forEach((listener) => listener());
}

function change(id: number, part: Partial<Upload>): void {
  set({ uploads: store.uploads.map((upload) => (upload.id === id ? { ...upload, ...part } : upload)) });
}

function remove(id: number): void {
  requests.delete(id);
  set({ uploads: store.uploads.filter((upload) => upload.id !== id) });
  window.removeEventListener("beforeunload", warn);
  if (store.uploads.some(({ state }) => state === "sending")) {
    window.addEventListener("beforeunload", warn);
  }
}

/** Only while files are still being sent does closing the page lose anything. */
function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

export function useUploads(): Store {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => store,
  );
}

export function pick(files: Picked[]): void {
  set({ picked: [...store.picked, ...files] });
}

export function unpick(): void {
  set({ picked: [] });
}

/** Sends what was picked as one import into `account`, a key or a name. */
export function send(account: string): void {
  const { picked } = store;
  numbers += 1;
  const id = numbers;
  const form = new FormData();
  form.append("account", account);
  for (const { file, path } of picked) {
    form.append("file", file, path);
  }
  const upload: Upload = {
    id,
    account,
    names: picked.map(({ path }) => path),
    sent: 0,
    total: picked.reduce((sum, { file }) => sum + file.size, 0),
    state: "sending",
    error: undefined,
  };
  set({ picked: [], uploads: [...store.uploads, upload] });
  window.addEventListener("beforeunload", warn);
  request(id, form);
}

function request(id: number, form: FormData): void {
  const xhr = new XMLHttpRequest();
  requests.set(id, xhr);
  xhr.open("POST", "/api/v1/imports");
  xhr.setRequestHeader("Accept-Language", currentLanguage());
  xhr.upload.onprogress = (event) => change(id, { sent: event.loaded, total: Math.max(event.total, 1) });
  xhr.onload = () => {
    if (xhr.status < 300) {
      const run = parsed(xhr.responseText) as ImportRun;
      queryClient.setQueryData<ImportRun[]>(["imports"], (old) => [run, ...(old ?? [])]);
      void queryClient.invalidateQueries({ queryKey: ["imports"] });
      void queryClient.invalidateQueries({ queryKey: ["accounts"] });
      // A new account belongs to those one may read.
      void queryClient.invalidateQueries({ queryKey: ["session"] });
      remove(id);
    } else {
      fail(id, new Problem(xhr.status, parsed(xhr.responseText)));
    }
  };
  xhr.onerror = () => fail(id, new Unreachable(undefined));
  xhr.onabort = () => remove(id);
  xhr.send(form);
}

function fail(id: number, error: Error): void {
  change(id, { state: "failed", error });
  requests.delete(id);
}

/** Stops sending, or puts away a failed upload. */
export function dismiss(id: number): void {
  const xhr = requests.get(id);
  if (xhr === undefined) {
    remove(id);
  } else {
    xhr.abort();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** All files of a drop, those in dropped folders too. */
export async function filesOf(transfer: DataTransfer): Promise<Picked[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  if (entries.every((entry) => entry === null)) {
    return [...transfer.files].map((file) => ({ file, path: file.name }));
  }
  const found: Picked[] = [];
  for (const entry of entries) {
    if (entry !== null) {
      await collect(entry, found);
    }
  }
  return found;
}

async function collect(entry: FileSystemEntry, found: Picked[]): Promise<void> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, path: entry.fullPath.replace(/^\//u, "") });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A reader gives at most a hundred entries at a time, and none at the end.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) {
      return;
    }
    for (const one of batch) {
      await collect(one, found);
    }
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}
