import { spawn } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { end, freePort, listens, untilReady } from "./processes";

const SINK = process.env["SMTP_SINK_BIN"] ?? "/usr/sbin/smtp-sink";

/** Postfix's smtp-sink: takes every mail and keeps it in a folder. */
export interface MailSink {
  port: number;
  /** All mails that came, envelope first. */
  mails: () => Promise<string[]>;
  remove: () => Promise<void>;
}

export async function newMailSink(): Promise<MailSink> {
  const folder = await mkdtemp(join(tmpdir(), "poststelle-sink-"));
  await chmod(folder, 0o777);
  const port = await freePort();
  // A program of root may not stay root.
  const user = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const child = spawn(SINK, [...user, "-d", `${folder}/%s.`, `127.0.0.1:${port}`, "100"], { stdio: "ignore" });
  await untilReady(child, "smtp-sink (package postfix)", () => listens(port));
  return {
    port,
    mails: async () => {
      const names = (await readdir(folder)).sort();
      return Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
    },
    remove: async () => {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A call of a webhook. */
export interface Call {
  id: string;
  timestamp: string;
  signature: string;
  body: string;
}

/** A receiver of webhooks on this machine. */
export interface Receiver {
  url: string;
  calls: Call[];
  /** Status of the next answers; 204 at first. */
  answer: (status: number) => void;
  remove: () => Promise<void>;
}

export async function newReceiver(): Promise<Receiver> {
  const calls: Call[] = [];
  let status = 204;
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece: Buffer) => (body += piece.toString()));
    request.on("end", () => {
      const field = (name: string) => String(request.headers[name] ?? "");
      const [id, timestamp, signature] = ["id", "timestamp", "signature"].map((name) => field(`webhook-${name}`));
      calls.push({ id: id ?? "", timestamp: timestamp ?? "", signature: signature ?? "", body });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    calls,
    answer: (next) => (status = next),
    remove: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
