import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile, chmod, chown } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const FOLDER = resolve("../crates/test-support/oidc");
const READY_MS = 60_000;
const ASK_MS = 50;
/** Dovecot serves no mail of root's. */
const MAIL_UID = 10_143;

export interface Running {
  port: number;
  remove: () => Promise<void>;
}

/** The real authorization server of the tests; people come back to `redirect`. */
export async function newOidc(redirect: string): Promise<Running> {
  const port = await freePort();
  const child = spawn("node", ["server.mjs"], {
    cwd: FOLDER,
    env: { ...process.env, PORT: String(port), REDIRECT: redirect },
    stdio: ["ignore", "ignore", "pipe"],
  });
  await ready(child, port, "oidc-provider (npm ci in crates/test-support/oidc)");
  return {
    port,
    remove: () => {
      child.kill();
      return Promise.resolve();
    },
  };
}

/** A real Dovecot with one mail for alice, who logs in with tokens of the authorization server at `oidc`. */
export async function newDovecot(oidc: number): Promise<Running> {
  const root = await mkdtemp(join(tmpdir(), "poststelle-dovecot-"));
  await chmod(root, 0o755);
  const port = await freePort();
  const isRoot = process.getuid?.() === 0;
  const uid = isRoot ? MAIL_UID : (process.getuid?.() ?? 0);
  const gid = isRoot ? MAIL_UID : (process.getgid?.() ?? 0);
  const maildir = join(root, "mail", "alice", "Maildir");
  await mkdir(join(maildir, "cur"), { recursive: true });
  await mkdir(join(maildir, "new"));
  await mkdir(join(maildir, "tmp"));
  await writeFile(join(maildir, "cur", "1.M1.test:2,"), MAIL);
  if (isRoot) {
    for (const path of ["mail", "mail/alice", "mail/alice/Maildir", "mail/alice/Maildir/cur", "mail/alice/Maildir/new", "mail/alice/Maildir/tmp", "mail/alice/Maildir/cur/1.M1.test:2,"]) {
      await chown(join(root, path), uid, gid);
    }
  }
  await writeFile(
    join(root, "oauth2.conf"),
    `introspection_url = http://dovecot:dovecot-secret@127.0.0.1:${oidc}/token/introspection
introspection_mode = post
username_attribute = username
active_attribute = active
active_value = true
`,
  );
  await writeFile(
    join(root, "dovecot.conf"),
    `base_dir = ${root}/base
state_dir = ${root}/state
instance_name = poststelle-web
log_path = ${root}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = xoauth2 oauthbearer
auth_failure_delay = 0
mail_location = maildir:${root}/mail/%n/Maildir
mail_uid = ${uid}
mail_gid = ${gid}
first_valid_uid = ${uid}
first_valid_gid = ${gid}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${root}/oauth2.conf
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${root}/mail/%n allow_all_users=yes
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
service stats {
  chroot =
}
service anvil {
  chroot =
}
`,
  );
  const child = spawn("/usr/sbin/dovecot", ["-F", "-c", join(root, "dovecot.conf")], { stdio: ["ignore", "ignore", "pipe"] });
  await ready(child, port, "Dovecot (package dovecot-imapd)");
  return {
    port,
    remove: async () => {
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      await ended;
      await rm(root, { recursive: true, force: true });
    },
  };
}

const MAIL = [
  "From: Eva Beispiel <eva@example.org>",
  "To: alice@example.net",
  "Subject: Mit Token geholt",
  "Message-ID: <token@example.org>",
  "Date: Sat, 21 Nov 2026 10:00:00 +0100",
  "",
  "Guten Tag",
  "",
].join("\r\n");

async function ready(child: ChildProcess, port: number, what: string): Promise<void> {
  let failed: Error | undefined;
  let told = "";
  child.stderr?.on("data", (piece: Buffer) => (told += piece.toString()));
  child.on("error", (error) => (failed = error));
  child.on("exit", (code) => (failed ??= new Error(`${what} ended with ${code ?? "a signal"}: ${told}`)));
  const until = Date.now() + READY_MS;
  while (!(await listens(port))) {
    if (failed !== undefined || Date.now() > until) {
      throw failed ?? new Error(`${what} did not get ready: ${told}`);
    }
    await new Promise((done) => setTimeout(done, ASK_MS));
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = connect(port, "127.0.0.1");
    probe.once("connect", () => {
      probe.destroy();
      done(true);
    });
    probe.once("error", () => done(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer();
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
