import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { end, freePort, untilReady } from "./processes";

const BINARY = resolve(process.env["POSTSTELLE_BIN"] ?? "../target/debug/poststelle");

/** A server of its own for a test file, with an empty data directory. */
export interface Server {
  /** Without a slash at the end. */
  url: string;
  /** Ends the process; the data stay. */
  stop: () => Promise<void>;
  /** Starts it again on the same data and the same port. */
  start: () => Promise<void>;
  /** Takes in contacts, as the command line does. */
  importContacts: (csv: string) => Promise<void>;
  /** Takes in records of this kind. */
  importRecords: (kind: string, csv: string) => Promise<void>;
  /** Changes the database behind the program's back; the server must not run. */
  tamper: (statements: string) => Promise<void>;
  /** Ends it and removes the data. */
  remove: () => Promise<void>;
}

export async function newServer(): Promise<Server> {
  const data = await mkdtemp(join(tmpdir(), "poststelle-web-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn(BINARY, ["serve", "--data", data, "--listen", `127.0.0.1:${port}`], {
      stdio: ["ignore", "pipe", "pipe"],
      // What the doctor says does not depend on the machine the tests run on.
      env: { ...process.env, POSTSTELLE_DISK_LOW_MEGABYTES: "0" },
    });
    await untilReady(child, "the server", () => answers(`${url}/health/ready`));
  };
  const stop = () => end(child);
  const importRecords = async (kind: string, csv: string) => {
    const file = join(data, `${kind}s.csv`);
    await writeFile(file, csv);
    await promisify(execFile)(BINARY, ["erp", "import", "--data", data, "--kind", kind, file]);
  };
  await start();
  return {
    url,
    start,
    stop,
    importContacts: (csv) => importRecords("contact", csv),
    importRecords,
    tamper: async (statements) => {
      const script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])";
      await promisify(execFile)("python3", ["-c", script, join(data, "poststelle.sqlite"), statements]);
    },
    remove: async () => {
      await stop();
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
