import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { end, freePort, untilReady } from "./processes";

const PYTHON = resolve("../target/moto/bin/python");

/** Whether `make packages` could have it. */
export const HAS_MOTO = existsSync(PYTHON);

/** An S3-compatible store; takes any key. */
export interface Moto {
  url: string;
  /** Makes a bucket whose new objects are locked for ten years, or one without locks. */
  makeBucket: (name: string, locked: boolean) => Promise<void>;
  remove: () => Promise<void>;
}

const RULE =
  "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>" +
  "<Mode>COMPLIANCE</Mode><Days>3650</Days></DefaultRetention></Rule></ObjectLockConfiguration>";

export async function newMoto(): Promise<Moto> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(PYTHON, ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  await untilReady(child, "moto (make packages)", async () => {
    try {
      return (await fetch(url)).status > 0;
    } catch {
      return false;
    }
  });
  const put = async (path: string, headers: Record<string, string>, body?: string) => {
    const answer = await fetch(`${url}${path}`, { method: "PUT", headers, ...(body === undefined ? {} : { body }) });
    if (!answer.ok) {
      throw new Error(`${path}: ${answer.status}`);
    }
  };
  return {
    url,
    makeBucket: async (name, locked) => {
      await put(`/${name}`, locked ? { "x-amz-bucket-object-lock-enabled": "true" } : {});
      if (locked) {
        await put(`/${name}?object-lock`, { "content-type": "application/xml" }, RULE);
      }
    },
    remove: () => end(child),
  };
}
