import { type ChildProcess } from "node:child_process";
import { connect, createServer } from "node:net";

const READY_MS = 60_000;
const ASK_MS = 50;

/** Waits until a process that was just started is ready; fails with what it said if it ends before. */
export async function untilReady(child: ChildProcess, what: string, ready: () => boolean | Promise<boolean>): Promise<void> {
  let failed: Error | undefined;
  let told = "";
  const hear = (piece: Buffer) => (told += piece.toString());
  const ended = (code: number | null) => (failed ??= new Error(`${what} ended with ${code ?? "a signal"}: ${told}`));
  child.stdout?.on("data", hear);
  child.stderr?.on("data", hear);
  child.on("error", (error) => (failed = error));
  child.on("exit", ended);
  const until = Date.now() + READY_MS;
  while (!(await ready())) {
    if (failed !== undefined || Date.now() > until) {
      throw failed ?? new Error(`${what} did not get ready: ${told}`);
    }
    await new Promise((done) => setTimeout(done, ASK_MS));
  }
  child.off("exit", ended);
}

/** Ends a process and waits for its end. */
export async function end(child: ChildProcess | undefined): Promise<void> {
  if (child?.exitCode === null && child.signalCode === null) {
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    await ended;
  }
}

/** Whether something takes connections at this port of this machine. */
export function listens(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = connect(port, "127.0.0.1");
    probe.once("connect", () => {
      probe.destroy();
      done(true);
    });
    probe.once("error", () => done(false));
  });
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
