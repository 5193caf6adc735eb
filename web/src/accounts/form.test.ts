import { describe, expect, it } from "vitest";
import type { Account } from "../api/types";
import { connectionOf, EMPTY_FORM, formOf, isLoopback, portOf, requestOf, sendingOf, withKind } from "./form";
import { isKnownProvider, presetFor, sendingFor } from "./presets";

const account: Account = {
  id: "0193",
  name: "Vertrieb",
  address: "vertrieb@firma.de",
  kind: "imap",
  active: true,
  readable: true,
  mails: 3,
  connection: {
    host: "imap.firma.de",
    port: 143,
    tls: "starttls",
    login: "vertrieb",
    password_set: true,
    oauth: null,
    trust: { pin_sha256: "ab".repeat(32) },
    mailboxes: { names: ["INBOX", "Archiv/2025"] },
    poll_seconds: 90,
  },
  handling: { role: "bounce", handled: "move", handled_folder: "Erledigt", manual_folder: null },
  state: {
    state: "watching",
    since: null,
    until: null,
    last_success: null,
    last_error: null,
    next_action: null,
    progress: null,
    quarantined: 0,
    excluded: 0,
    failed: 0,
  },
};

describe("the form of an account", () => {
  it("gives back what it was filled with, and no password", () => {
    const connection = connectionOf(formOf(account));
    expect(connection).toEqual({
      host: "imap.firma.de",
      port: 143,
      tls: "starttls",
      login: "vertrieb",
      trust: { pin_sha256: "ab".repeat(32) },
      mailboxes: { names: ["INBOX", "Archiv/2025"] },
      poll_seconds: 90,
    });
  });

  it("keeps what happens in the mailbox", () => {
    expect(requestOf(formOf(account)).handling).toEqual(account.handling);
    expect(requestOf({ ...EMPTY_FORM, manualFolder: " Offen " }).handling?.manual_folder).toBe("Offen");
  });

  it("takes what goes with Microsoft Graph along, and leaves it behind again", () => {
    const imap = { ...EMPTY_FORM, host: "imap.example.org", password: "secret", tls: "starttls" as const, port: 143 };
    const graph = { ...imap, ...withKind(imap, "graph") };
    expect(graph).toMatchObject({ kind: "graph", host: "graph.microsoft.com", tls: "tls", port: 443, password: "" });
    const chosen = { ...graph, oauth: "one", login: "info@example.org", name: "info" };
    expect(requestOf(chosen)).toMatchObject({ kind: "graph", connection: { oauth: "one", host: "graph.microsoft.com" } });
    expect({ ...chosen, ...withKind(chosen, "imap") }).toMatchObject({ kind: "imap", host: "", port: 993, oauth: "" });
    expect(withKind({ ...imap, host: "127.0.0.1", port: 8080, tls: "none" }, "graph")).not.toHaveProperty("host");
    expect(portOf("graph", "none")).toBe(80);
  });

  it("asks of a POP3 mailbox only what it can do", () => {
    const pop3 = formOf({ ...account, kind: "pop3" });
    expect(requestOf(pop3).kind).toBe("pop3");
    expect(requestOf(pop3).handling).toEqual({
      role: "bounce",
      handled: "leave",
      handled_folder: null,
      manual_folder: null,
    });
    expect(portOf("pop3", "tls")).toBe(995);
  });

  it("gives the server that sends the same login, and not the fingerprint of the mailbox server", () => {
    const form = { ...formOf(account), password: "geheim", sends: true, smtpHost: " smtp.firma.de ", smtpPort: "" as const };
    expect(sendingOf(form, { notices: true })).toEqual({
      name: "Vertrieb",
      host: "smtp.firma.de",
      port: 465,
      tls: "tls",
      login: "vertrieb",
      password: "geheim",
      from_address: "vertrieb@firma.de",
      from_name: "",
      notices: true,
      active: false,
    });
  });

  it("takes fingerprints with colons", () => {
    const trustValue = Array.from({ length: 32 }, () => "AB").join(":");
    expect(connectionOf({ ...EMPTY_FORM, trust: "pin_sha256", trustValue }).trust).toEqual({
      pin_sha256: "ab".repeat(32),
    });
  });

  it("leaves out an address that is not given", () => {
    expect(requestOf({ ...EMPTY_FORM, name: " Büro " })).not.toHaveProperty("address");
    expect(requestOf({ ...EMPTY_FORM, name: " Büro " }).name).toBe("Büro");
  });
});

it("knows this machine by its names", () => {
  expect(["localhost", "127.0.0.1", "::1", "127.1.2.3"].every(isLoopback)).toBe(true);
  expect(["localhost.example.org", "imap.firma.de", ""].some(isLoopback)).toBe(false);
});

describe("presets", () => {
  it("go by the domain", () => {
    expect(presetFor("anna@GMX.de")?.host).toBe("imap.gmx.net");
    expect(presetFor("anna@firma.example")?.host).toBe("imap.firma.example");
    expect(presetFor("anna")).toBeUndefined();
  });

  it("tell known providers from guesses", () => {
    expect(isKnownProvider("anna@gmx.de")).toBe(true);
    expect(isKnownProvider("anna@firma.example")).toBe(false);
    expect(isKnownProvider("anna@constructor.prototype")).toBe(false);
  });

  it("know or guess what sends", () => {
    expect(sendingFor("imap.gmx.net")).toEqual({ host: "mail.gmx.net", port: 465, tls: "tls" });
    expect(sendingFor("outlook.office365.com").tls).toBe("starttls");
    expect(["imap.firma.de", "POP3.firma.de", "mail.firma.de", "127.0.0.1"].map((host) => sendingFor(host).host)).toEqual([
      "smtp.firma.de",
      "smtp.firma.de",
      "mail.firma.de",
      "127.0.0.1",
    ]);
  });
});
