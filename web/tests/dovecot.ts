import { spawn } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { end, freePort, listens, untilReady } from "./processes";

/** Owner of the mail when the test runs as root: Dovecot serves no mail of root's. */
const MAIL_UID = 10_143;

/** A real mailbox server on this machine: user `alice`, IMAP without encryption. */
export interface Dovecot {
  port: number;
  /** What takes mails to be sent, with the same logins; 0 if nothing does. */
  submissionPort: number;
  /** Puts a mail into the inbox. */
  deliver: (mail: string) => Promise<void>;
  /** Number of mails in the inbox. */
  count: () => Promise<number>;
  remove: () => Promise<void>;
}

interface Options {
  /** Tokens of the authorization server at this port serve instead of the password. */
  oidc?: number;
  /** Takes mails to be sent, too, and hands them on to this port. */
  relay?: number;
}

/** Alice's password is `secret`. */
export async function newDovecot({ oidc, relay }: Options = {}): Promise<Dovecot> {
  const root = await mkdtemp(join(tmpdir(), "poststelle-dovecot-"));
  const { uid, username } = userInfo();
  const owner = uid === 0 ? MAIL_UID : uid;
  const port = await freePort();
  const maildir = join(root, "mail/alice/Maildir");
  for (const folder of ["mail", "mail/alice", ...["", "/new", "/cur", "/tmp"].map((name) => `mail/alice/Maildir${name}`)]) {
    await mkdir(join(root, folder));
    await chown(join(root, folder), owner, owner);
  }
  // Others must get through to the folders that are theirs.
  await chmod(root, 0o755);
  await writeFile(join(root, "users"), "alice:{PLAIN}secret::::::\n");
  if (oidc !== undefined) {
    await writeFile(join(root, "oauth2.conf"), introspection(oidc));
  }
  const logins = oidc === undefined ? passwords(root) : tokens(root);
  const submissionPort = relay === undefined ? 0 : await freePort();
  const sends = relay === undefined ? "" : submission(submissionPort, relay);
  await writeFile(join(root, "dovecot.conf"), configuration(root, port, owner, uid === 0 ? undefined : username) + logins + sends);
  const child = spawn("/usr/sbin/dovecot", ["-F", "-c", join(root, "dovecot.conf")], { stdio: ["ignore", "ignore", "pipe"] });
  await untilReady(child, "Dovecot (packages dovecot-imapd, dovecot-submissiond)", () => listens(port));
  let delivered = 0;
  return {
    port,
    submissionPort,
    deliver: async (mail) => {
      delivered += 1;
      const path = join(maildir, "new", `${1_700_000_000 + delivered}.M${delivered}.test`);
      await writeFile(path, mail);
      await chown(path, owner, owner);
    },
    count: async () => (await Promise.all(["new", "cur"].map((name) => readdir(join(maildir, name))))).flat().length,
    remove: async () => {
      await end(child);
      await rm(root, { recursive: true, force: true });
    },
  };
}

function passwords(root: string): string {
  return `passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%n ${root}/users
}
`;
}

function submission(port: number, relay: number): string {
  return `protocols = imap submission
hostname = dovecot.example.net
submission_relay_host = 127.0.0.1
submission_relay_port = ${relay}
submission_relay_trusted = yes
service submission-login {
  chroot =
  inet_listener submission {
    port = ${port}
  }
}
`;
}

function tokens(root: string): string {
  return `auth_mechanisms = xoauth2 oauthbearer
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${root}/oauth2.conf
}
`;
}

function introspection(oidc: number): string {
  return `introspection_url = http://dovecot:dovecot-secret@127.0.0.1:${oidc}/token/introspection
introspection_mode = post
username_attribute = username
active_attribute = active
active_value = true
`;
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
