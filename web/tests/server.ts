import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const BINARY = resolve(process.env["POSTSTELLE_BIN"] ?? "../target/debug/poststelle");
const READY_MS = 60_000;
const ASK_MS = 50;

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
    let told = "";
    child.stdout?.on("data", (piece: Buffer) => (told += piece.toString()));
    child.stderr?.on("data", (piece: Buffer) => (told += piece.toString()));
    let failed: Error | undefined;
    child.on("error", (error) => (failed = error));
    child.on("exit", (code) => (failed ??= new Error(`the server ended with ${code ?? "a signal"}: ${told}`)));
    const until = Date.now() + READY_MS;
    while (!(await answers(`${url}/health/ready`))) {
      if (failed !== undefined || Date.now() > until) {
        throw failed ?? new Error(`the server did not get ready: ${told}`);
      }
      await new Promise((done) => setTimeout(done, ASK_MS));
    }
    child.removeAllListeners("exit");
  };
  const stop = async () => {
    const running = child;
    if (running?.exitCode === null && running.signalCode === null) {
      const ended = new Promise((done) => running.once("exit", done));
      running.kill("SIGTERM");
      await ended;
    }
  };
  await start();
  return {
    url,
    start,
    stop,
    importContacts: async (csv) => {
      const file = join(data, "contacts.csv");
      await writeFile(file, csv);
      await promisify(execFile)(BINARY, ["erp", "import", "--data", data, "--kind", "contact", file]);
    },
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

export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
