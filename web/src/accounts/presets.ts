export interface Preset {
  host: string;
  port: number;
  tls: "tls" | "starttls";
  /** What the login is: the whole address, or what stands before the `@`. */
  login: "address" | "local";
  /** Key of a hint in the language files, below `presets`. */
  hint?: "appPassword" | "enableImap" | "noPasswords";
}

/** The server that takes what is to be sent. */
export interface Sending {
  host: string;
  port: number;
  tls: "tls" | "starttls";
}

const at = (host: string, hint?: Preset["hint"]): Preset => ({
  host,
  port: 993,
  tls: "tls",
  login: "address",
  ...(hint !== undefined && { hint }),
});

/** Servers of providers many people use, by the domain of the address. */
const PRESETS: Record<string, Preset> = {
  "gmx.de": at("imap.gmx.net", "enableImap"),
  "gmx.net": at("imap.gmx.net", "enableImap"),
  "gmx.at": at("imap.gmx.net", "enableImap"),
  "gmx.ch": at("imap.gmx.net", "enableImap"),
  "web.de": at("imap.web.de", "enableImap"),
  "t-online.de": at("secureimap.t-online.de", "appPassword"),
  "magenta.de": at("secureimap.t-online.de", "appPassword"),
  "freenet.de": at("mx.freenet.de"),
  "posteo.de": at("posteo.de"),
  "posteo.net": at("posteo.de"),
  "mailbox.org": at("imap.mailbox.org"),
  "ionos.de": at("imap.ionos.de"),
  "online.de": at("imap.ionos.de"),
  "arcor.de": at("imap.vodafonemail.de"),
  "vodafone.de": at("imap.vodafonemail.de"),
  "gmail.com": at("imap.gmail.com", "appPassword"),
  "googlemail.com": at("imap.gmail.com", "appPassword"),
  "yahoo.com": at("imap.mail.yahoo.com", "appPassword"),
  "yahoo.de": at("imap.mail.yahoo.com", "appPassword"),
  "icloud.com": at("imap.mail.me.com", "appPassword"),
  "me.com": at("imap.mail.me.com", "appPassword"),
  "fastmail.com": at("imap.fastmail.com", "appPassword"),
  "outlook.com": at("outlook.office365.com", "noPasswords"),
  "outlook.de": at("outlook.office365.com", "noPasswords"),
  "hotmail.com": at("outlook.office365.com", "noPasswords"),
  "hotmail.de": at("outlook.office365.com", "noPasswords"),
  "live.de": at("outlook.office365.com", "noPasswords"),
};

export function domainOf(address: string): string | undefined {
  const domain = /@([^@\s]+\.[^@\s]+)$/u.exec(address.trim())?.[1]?.toLowerCase();
  return domain;
}

/** What is known of the provider; for an own domain the usual name as a guess, which is to be tested. */
export function presetFor(address: string): Preset | undefined {
  const domain = domainOf(address);
  return domain === undefined ? undefined : (PRESETS[domain] ?? at(`imap.${domain}`));
}

export function isKnownProvider(address: string): boolean {
  const domain = domainOf(address);
  return domain !== undefined && domain in PRESETS;
}

const over = (host: string): Sending => ({ host, port: 465, tls: "tls" });
const afterStarttls = (host: string): Sending => ({ host, port: 587, tls: "starttls" });

/** Servers that send, by the server the mail is fetched from. */
const SENDING: ReadonlyMap<string, Sending> = new Map([
  ["imap.gmx.net", over("mail.gmx.net")],
  ["imap.web.de", afterStarttls("smtp.web.de")],
  ["secureimap.t-online.de", over("securesmtp.t-online.de")],
  ["mx.freenet.de", over("mx.freenet.de")],
  ["posteo.de", over("posteo.de")],
  ["imap.vodafonemail.de", over("smtp.vodafonemail.de")],
  ["imap.mail.me.com", afterStarttls("smtp.mail.me.com")],
  ["outlook.office365.com", afterStarttls("smtp.office365.com")],
]);

/** What sends for this mailbox: known of the provider, or guessed by the usual names. */
export function sendingFor(host: string): Sending {
  const name = host.trim().toLowerCase();
  return SENDING.get(name) ?? over(name.replace(/^(?:imap|pop3?)\./u, "smtp."));
}
