import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { end, freePort, listens, untilReady } from "./processes";

const FOLDER = resolve("../crates/test-support/oidc");

export interface Oidc {
  port: number;
  remove: () => Promise<void>;
}

/** The real authorization server of the tests; people come back to `redirect`. */
export async function newOidc(redirect: string): Promise<Oidc> {
  const port = await freePort();
  const child = spawn("node", ["server.mjs"], {
    cwd: FOLDER,
    env: { ...process.env, PORT: String(port), REDIRECT: redirect },
    stdio: ["ignore", "ignore", "pipe"],
  });
  await untilReady(child, "oidc-provider (npm ci in crates/test-support/oidc)", () => listens(port));
  return { port, remove: () => end(child) };
}
