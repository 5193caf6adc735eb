import type { Account, AccountRequest, ConnectionRequest, Handling } from "../api/types";
import type { SmtpAccountRequest } from "../outgoing/queries";

/** What the form holds; texts as typed. */
export interface AccountForm {
  name: string;
  address: string;
  kind: "imap" | "pop3" | "graph";
  host: string;
  port: number | "";
  tls: "tls" | "starttls" | "none";
  login: string;
  password: string;
  /** Key of the sign-in service it logs in through; empty: with the password. */
  oauth: string;
  trust: "system" | "ca_pem" | "pin_sha256";
  trustValue: string;
  mailboxes: "all" | "inbox" | "names";
  names: string[];
  pollMinutes: number | "";
  active: boolean;
  role: Handling["role"];
  handled: Handling["handled"];
  handledFolder: string;
  manualFolder: string;
  /** New accounts only: fetched from now on, whether the settings work or not. */
  atOnce: boolean;
  /** New accounts only: a server that sends is made with it. */
  sends: boolean;
  smtpHost: string;
  smtpPort: number | "";
  smtpTls: "tls" | "starttls" | "none";
  /** New accounts only: a group is made with it, and its mails are sorted to that. */
  grouped: boolean;
  /** Its address, where none follows from the account. */
  groupAddress: string;
}

export const EMPTY_FORM: AccountForm = {
  name: "",
  address: "",
  kind: "imap",
  host: "",
  port: 993,
  tls: "tls",
  login: "",
  password: "",
  oauth: "",
  trust: "system",
  trustValue: "",
  mailboxes: "all",
  names: [],
  pollMinutes: 5,
  active: true,
  role: "normal",
  handled: "leave",
  handledFolder: "",
  manualFolder: "",
  atOnce: false,
  sends: false,
  smtpHost: "",
  smtpPort: 465,
  smtpTls: "tls",
  grouped: false,
  groupAddress: "",
};

export function formOf(account: Account): AccountForm {
  const { connection } = account;
  const { handling } = account;
  const base: AccountForm = {
    ...EMPTY_FORM,
    name: account.name,
    address: account.address ?? "",
    active: account.active,
    role: handling.role,
    handled: handling.handled,
    handledFolder: handling.handled_folder ?? "",
    manualFolder: handling.manual_folder ?? "",
  };
  if (connection == null) {
    return base;
  }
  const { trust, mailboxes } = connection;
  return {
    ...base,
    kind: account.kind === "import" ? "imap" : account.kind,
    host: connection.host,
    port: connection.port,
    tls: connection.tls,
    login: connection.login,
    oauth: connection.oauth?.client ?? "",
    trust: trust === "system" ? "system" : "ca_pem" in trust ? "ca_pem" : "pin_sha256",
    trustValue: trust === "system" ? "" : "ca_pem" in trust ? trust.ca_pem : trust.pin_sha256,
    mailboxes: typeof mailboxes === "string" ? mailboxes : "names",
    names: typeof mailboxes === "string" ? [] : mailboxes.names,
    pollMinutes: Math.round((connection.poll_seconds / 60) * 10) / 10,
  };
}

/** An empty password is left out: the stored one stays. */
export function connectionOf(form: AccountForm): ConnectionRequest {
  const value = form.trustValue.trim();
  return {
    host: form.host.trim(),
    port: form.port === "" ? portOf(form.kind, form.tls) : form.port,
    tls: form.tls,
    login: form.login.trim(),
    ...(form.oauth === "" ? form.password !== "" && { password: form.password } : { oauth: form.oauth }),
    trust:
      form.trust === "system"
        ? "system"
        : form.trust === "ca_pem"
          ? { ca_pem: value }
          : { pin_sha256: value.replaceAll(/[:\s]/gu, "").toLowerCase() },
    mailboxes: form.mailboxes === "names" ? { names: form.names } : form.mailboxes,
    poll_seconds: Math.round((form.pollMinutes === "" ? 5 : form.pollMinutes) * 60),
  };
}

export function requestOf(form: AccountForm): AccountRequest {
  const address = form.address.trim();
  return {
    name: form.name.trim(),
    ...(address !== "" && { address }),
    kind: form.kind,
    active: form.active,
    connection: connectionOf(form),
    handling: handlingOf(form),
  };
}

/** The server that sends for a new account, with the same login. `notices`: it sends the notices too. */
export function sendingOf(form: AccountForm, { notices }: { notices: boolean }): SmtpAccountRequest {
  const { host, port, tls, login, password, trust } = {
    ...connectionOf(form),
    host: form.smtpHost.trim(),
    port: form.smtpPort === "" ? smtpPortOf(form.smtpTls) : form.smtpPort,
    tls: form.smtpTls,
  };
  return {
    name: form.name.trim(),
    host,
    port,
    tls,
    login,
    ...(password != null && { password }),
    // An own authority signs both; the one certificate of a fingerprint is the mailbox server's.
    ...(trust !== undefined && form.trust !== "pin_sha256" && { trust }),
    from_address: form.address.trim(),
    from_name: "",
    notices,
    active: false,
  };
}

/** The address of the account: its own, or its login if that is one; empty where it has none. */
export function addressOf({ address, login }: Pick<AccountForm, "address" | "login">): string {
  const own = [address, login].map((one) => one.trim());
  return own.find((one) => /^\S+@\S+$/u.test(one)) ?? "";
}

/** The group of a new account. */
export function groupOf(form: AccountForm): NonNullable<AccountRequest["group"]> {
  const address = addressOf(form) || form.groupAddress.trim();
  return { name: form.name.trim(), addresses: [address] };
}

/** The usual port of a server that sends. */
export function smtpPortOf(tls: AccountForm["smtpTls"]): number {
  return tls === "tls" ? 465 : tls === "starttls" ? 587 : 25;
}

export function handlingOf(form: AccountForm): Handling {
  if (form.kind === "pop3") {
    return { role: form.role, handled: "leave", handled_folder: null, manual_folder: null };
  }
  return {
    role: form.role,
    handled: form.handled,
    handled_folder: form.handledFolder.trim() === "" ? null : form.handledFolder.trim(),
    manual_folder: form.manualFolder.trim() === "" ? null : form.manualFolder.trim(),
  };
}

/** Whether the server is this machine itself; only then may the connection be unprotected. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/iu.test(host.trim());
}

/** The usual port of a protocol and its protection. */
export function portOf(kind: AccountForm["kind"], tls: AccountForm["tls"]): number {
  const [encrypted, plain] = { imap: [993, 143], pop3: [995, 110], graph: [443, 80] }[kind] as [number, number];
  return tls === "tls" ? encrypted : plain;
}

/** Where Microsoft Graph is, unless a national cloud is meant. */
export const GRAPH_HOST = "graph.microsoft.com";

/** Another protocol: its usual port, and what goes with it, as long as nobody has chosen otherwise. */
export function withKind(form: AccountForm, kind: AccountForm["kind"]): Partial<AccountForm> {
  const isGraph = kind === "graph";
  const wasGraph = form.kind === "graph";
  const tls = isGraph && form.tls === "starttls" ? "tls" : form.tls;
  return {
    kind,
    tls,
    ...(form.port === portOf(form.kind, form.tls) && { port: portOf(kind, tls) }),
    ...(isGraph !== wasGraph && { oauth: "" }),
    ...(isGraph && { password: "" }),
    ...(isGraph && !isLoopback(form.host) && { host: GRAPH_HOST }),
    ...(wasGraph && !isGraph && form.host === GRAPH_HOST && { host: "" }),
  };
}
