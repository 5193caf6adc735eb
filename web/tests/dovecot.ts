import { type ChildProcess, spawn } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { freePort } from "./server";

const READY_MS = 60_000;
const ASK_MS = 50;
/** Owner of the mail when the test runs as root: Dovecot serves no mail of root's. */
const MAIL_UID = 10_143;

/** A real mailbox server on this machine: user `alice`, password `secret`, IMAP without encryption. */
export interface Dovecot {
  port: number;
  /** Puts a mail into the inbox. */
  deliver: (mail: string) => Promise<void>;
  remove: () => Promise<void>;
}

export async function newDovecot(): Promise<Dovecot> {
  const root = await mkdtemp(join(tmpdir(), "poststelle-dovecot-"));
  const { uid, username } = userInfo();
  const owner = uid === 0 ? MAIL_UID : uid;
  const port = await freePort();
  await writeFile(join(root, "users"), "alice:{PLAIN}secret::::::\n");
  await writeFile(join(root, "dovecot.conf"), configuration(root, port, owner, uid === 0 ? undefined : username));
  const folders = ["mail", "mail/alice", "mail/alice/Maildir", ...["new", "cur", "tmp"].map((name) => `mail/alice/Maildir/${name}`)];
  for (const folder of folders) {
    await mkdir(join(root, folder));
    await chown(join(root, folder), owner, owner);
  }
  // Others must get through to the folders that are theirs.
  await chmod(root, 0o755);
  const child: ChildProcess = spawn("/usr/sbin/dovecot", ["-F", "-c", join(root, "dovecot.conf")], { stdio: "ignore" });
  const until = Date.now() + READY_MS;
  while (!(await listens(port))) {
    if (child.exitCode !== null || Date.now() > until) {
      throw new Error(`no Dovecot: see ${root}`);
    }
    await new Promise((done) => setTimeout(done, ASK_MS));
  }
  let delivered = 0;
  return {
    port,
    deliver: async (mail) => {
      delivered += 1;
      const path = join(root, "mail/alice/Maildir/new", `${1_700_000_000 + delivered}.M${delivered}.test`);
      await writeFile(path, mail);
      await chown(path, owner, owner);
    },
    remove: async () => {
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      await ended;
      await rm(root, { recursive: true, force: true });
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });
}

function configuration(root: string, port: number, owner: number, user: string | undefined): string {
  const internal = user === undefined ? "" : `default_internal_user = ${user}\ndefault_internal_group = ${user}\ndefault_login_user = ${user}\n`;
  return `base_dir = ${root}/base
state_dir = ${root}/state
instance_name = poststelle-web-test
log_path = ${root}/dovecot.log
protocols = imap
listen = 127.0.0.1
${internal}ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:${root}/mail/%n/Maildir
mail_uid = ${owner}
mail_gid = ${owner}
first_valid_uid = ${owner}
first_valid_gid = ${owner}
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%n ${root}/users
}
userdb {
  driver = static
  args = uid=${owner} gid=${owner} home=${root}/mail/%n allow_all_users=yes
}
namespace inbox {
  inbox = yes
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
`;
}
