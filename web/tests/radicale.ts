import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { end, freePort, untilReady } from "./processes";

/** A real CardDAV server with the user `eva`, password `secret`, and the address book "Kunden". */
export interface Radicale {
  url: string;
  /** Puts a card into an address book. */
  put: (book: string, uid: string, name: string) => Promise<void>;
  remove: () => Promise<void>;
}

export async function newRadicale(): Promise<Radicale> {
  const root = await mkdtemp(join(tmpdir(), "poststelle-radicale-"));
  const port = await freePort();
  const conf = join(root, "conf");
  await writeFile(join(root, "users"), "eva:secret\n");
  await writeFile(
    conf,
    `[server]\nhosts = 127.0.0.1:${port}\n[auth]\ntype = htpasswd\nhtpasswd_filename = ${root}/users\n` +
      `htpasswd_encryption = plain\ndelay = 0\n[storage]\nfilesystem_folder = ${root}/data\n`,
  );
  const url = `http://127.0.0.1:${port}`;
  const child = spawn("radicale", ["--config", conf], { stdio: "ignore" });
  await untilReady(child, "radicale (package radicale)", async () => {
    try {
      return (await fetch(url)).status > 0;
    } catch {
      return false;
    }
  });
  const authorization = `Basic ${Buffer.from("eva:secret").toString("base64")}`;
  const ask = async (method: string, path: string, type: string, body: string) => {
    const answer = await fetch(`${url}${path}`, { method, headers: { authorization, "content-type": type }, body });
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${answer.status}`);
    }
  };
  await ask(
    "MKCOL",
    "/eva/kunden/",
    "application/xml",
    `<d:mkcol xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"><d:set><d:prop><d:resourcetype><d:collection/>` +
      `<c:addressbook/></d:resourcetype><d:displayname>Kunden</d:displayname></d:prop></d:set></d:mkcol>`,
  );
  return {
    url,
    put: (book, uid, name) =>
      ask(
        "PUT",
        `${book}${uid}.vcf`,
        "text/vcard; charset=utf-8",
        `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:${uid}\r\nFN:${name}\r\nN:${name};;;;\r\nEMAIL:${uid}@kunde.example\r\nEND:VCARD\r\n`,
      ),
    remove: async () => {
      await end(child);
      await rm(root, { recursive: true, force: true });
    },
  };
}
