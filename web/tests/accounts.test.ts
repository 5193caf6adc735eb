import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checked, type Window } from "./browser";
import { type Dovecot, newDovecot } from "./dovecot";
import { type MailSink, newMailSink } from "./receivers";
import { chooseLanguage, firstVisit, newStory } from "./story";

let dovecot: Dovecot;
let sink: MailSink;
let window: Window;
let page: Page;

newStory((story) => {
  ({ window, page } = story);
});

beforeAll(async () => {
  sink = await newMailSink();
  dovecot = await newDovecot({ relay: sink.port });
  for (let n = 1; n <= 3; n += 1) {
    await dovecot.deliver(`From: eva@example.org\r\nSubject: Mail ${n}\r\nMessage-ID: <${n}@example.org>\r\n\r\nHallo ${n}\r\n`);
  }
});

afterAll(() => Promise.all([dovecot.remove(), sink.remove()]));

const card = (name: string) => page.getByRole("article", { name });
const field = (name: string) => page.getByRole("textbox", { name, exact: true });

interface Kept {
  name: string;
  active: boolean;
  from_address: string;
  login: string;
  connection: { poll_seconds: number };
}

async function kept(what: "accounts" | "smtp_accounts"): Promise<Kept[]> {
  return ((await (await page.request.get(`/api/v1/${what}`)).json()) as { items: Kept[] }).items;
}

/** Fills in a mailbox of Dovecot's; `password` decides whether it works. */
async function fillIn(name: string, password: string): Promise<void> {
  await page.goto("/settings/accounts/new");
  await page.getByLabel("Mailadresse").fill("alice@example.net");
  // Leaving it fills in what follows from it.
  await page.keyboard.press("Tab");
  await field("Name des Kontos").fill(name);
  await field("Server").fill("127.0.0.1");
  await page.getByRole("combobox", { name: "Verschlüsselung", exact: true }).click();
  await page.getByRole("option", { name: "Keine (nur dieser Rechner)" }).click();
  await page.getByLabel("Port", { exact: true }).fill(String(dovecot.port));
  await field("Anmeldename").fill("alice");
  await field("Kennwort").fill(password);
}

async function addSending(port: number): Promise<void> {
  await page.getByRole("checkbox", { name: "Auch einen Sendeserver gleichen Namens anlegen" }).check();
  expect(await field("Server für das Senden (SMTP)").inputValue()).toBe("127.0.0.1");
  await page.getByRole("combobox", { name: "Verschlüsselung beim Senden" }).click();
  await page.getByRole("option", { name: "Keine (nur dieser Rechner)" }).click();
  await page.getByLabel("SMTP-Port").fill(String(port));
}

// One story; each step builds on those before.
describe("accounts", () => {
  it("begins to fetch a new one once its test has passed", async () => {
    await firstVisit(page);
    await fillIn("Vertrieb", "secret");
    await addSending(dovecot.submissionPort);
    await page.getByRole("button", { name: "Konto anlegen" }).click();
    await card("Vertrieb").getByText("Alles in Ordnung").waitFor({ timeout: 60_000 });
    expect((await kept("accounts")).map(({ active }) => active)).toEqual([true]);
    expect((await kept("smtp_accounts")).map(({ name, active }) => [name, active])).toEqual([["Vertrieb", true]]);
  });

  it("keeps one inactive whose test failed, and says what to do", async () => {
    await fillIn("Einkauf", "wrong");
    await addSending(dovecot.submissionPort);
    await checked(page, "account-with-sending");
    await page.getByRole("button", { name: "Konto anlegen" }).click();
    const idle = page.getByRole("region", { name: "Nicht aktiv" });
    await idle.getByText("die Prüfung ist nicht gelungen", { exact: false }).waitFor({ timeout: 30_000 });
    await idle.getByRole("img", { name: "Fehlgeschlagen" }).waitFor();
    await page.getByText("Der Sendeserver „Einkauf“ ist noch abgeschaltet").waitFor();
    // So is what sends: it has the account's name, login and address.
    const [server] = await kept("smtp_accounts");
    expect([server?.name, server?.login, server?.from_address, server?.active]).toEqual(["Einkauf", "alice", "alice@example.net", false]);
    expect((await kept("accounts")).map(({ name, active }) => [name, active])).toEqual([["Einkauf", false], ["Vertrieb", true]]);
    await checked(page, "account-inactive");
  });

  it("activates it when the test passes", async () => {
    await field("Kennwort").fill("secret");
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByRole("link", { name: "Einkauf bearbeiten" }).click();
    await page.getByRole("button", { name: "Prüfen und aktivieren" }).click();
    await page.getByRole("region", { name: "Nicht aktiv" }).waitFor({ state: "hidden", timeout: 30_000 });
    await page.goto("/settings/accounts");
    await card("Einkauf").getByText("Alles in Ordnung").waitFor({ timeout: 60_000 });
  });

  it("changes several at once, by the keyboard too", async () => {
    await page.goto("/settings/accounts");
    const box = (name: string) => page.getByRole("checkbox", { name: `${name} auswählen` });
    await box("Einkauf").focus();
    await page.keyboard.press("Space");
    await page.getByText("1 Konto ausgewählt").waitFor();
    await box("Vertrieb").focus();
    await page.keyboard.press("Shift+Space");
    await page.getByText("2 Konten ausgewählt").waitFor();
    expect(await page.getByRole("checkbox", { name: "Alle auswählen" }).isChecked()).toBe(true);
    await page.keyboard.press("Escape");
    await page.getByText("Wählen Sie Konten aus").waitFor();
    await page.keyboard.press("Control+a");
    await page.getByText("2 Konten ausgewählt").waitFor();
    await checked(page, "accounts-chosen");
    await page.getByRole("button", { name: "Gemeinsam ändern" }).click();
    const dialog = page.getByRole("dialog", { name: "2 Konten gemeinsam ändern" });
    await dialog.getByText("Jetzt: Eingeschaltet").waitFor();
    expect(await dialog.getByRole("button", { name: "2 Konten ändern" }).isDisabled()).toBe(true);
    await dialog.getByLabel("Abruf alle … Minuten").fill("2");
    await dialog.getByRole("combobox", { name: "Im Postfach löschen" }).click();
    await page.getByRole("option", { name: "Sofort nach dem Archivieren" }).click();
    // Both have the same mailbox, and each would delete what it has fetched.
    await dialog.getByText("werden 6 Mails im Postfach gelöscht", { exact: false }).waitFor();
    await dialog.getByRole("combobox", { name: "Im Postfach löschen" }).click();
    await page.getByRole("option", { name: "Bleibt, wie es ist" }).click();
    await checked(page, "accounts-together");
    await dialog.getByRole("button", { name: "2 Konten ändern" }).click();
    await page.getByText("2 Konten geändert").waitFor();
    expect((await kept("accounts")).map(({ connection }) => connection.poll_seconds)).toEqual([120, 120]);
  });

  it("names the account that was not changed", async () => {
    const id = await page.evaluate(async (port) => {
      const connection = { host: "127.0.0.1", port, tls: "none", login: "alice", password: "secret" };
      const body = JSON.stringify({ name: "Vergangen", kind: "imap", active: false, connection });
      const answer = await fetch("/api/v1/accounts", { method: "POST", headers: { "content-type": "application/json" }, body });
      return ((await answer.json()) as { id: string }).id;
    }, dovecot.port);
    await page.goto("/settings/accounts");
    await page.getByRole("checkbox", { name: "Alle auswählen" }).check();
    await page.getByRole("button", { name: "Gemeinsam ändern" }).click();
    await page.getByRole("dialog").getByText("Jetzt verschieden").first().waitFor();
    await page.getByLabel("Abruf alle … Minuten").fill("3");
    // Somebody else removes one of them while the change is on its way.
    let removed = false;
    await page.route("**/api/v1/accounts", async (route, request) => {
      if (request.method() === "PATCH" && !removed) {
        removed = true;
        await page.evaluate(async (account) => {
          const body = JSON.stringify({ confirm: "Vergangen" });
          await fetch(`/api/v1/accounts/${account}`, { method: "DELETE", headers: { "content-type": "application/json" }, body });
        }, id);
      }
      await route.fallback();
    });
    await page.getByRole("button", { name: "3 Konten ändern" }).click();
    await page.getByText("1 Konto wurde nicht geändert, 2 wurden geändert").waitFor();
    await page.getByRole("alert").getByText("Vergangen: ").waitFor();
    await page.unroute("**/api/v1/accounts");
    await checked(page, "accounts-together-refused");
    await page.getByRole("button", { name: "Abbrechen" }).click();
    expect((await kept("accounts")).map(({ connection }) => connection.poll_seconds)).toEqual([180, 180]);
  });

  it("fits a phone, in English", async () => {
    await chooseLanguage(page, "English");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto("/settings/accounts");
    await page.getByRole("checkbox", { name: "Select all" }).check();
    await page.getByText("2 accounts selected").waitFor();
    await checked(page, "accounts-chosen-phone");
    await page.getByRole("button", { name: "Change together" }).click();
    await page.getByRole("dialog", { name: "Change 2 accounts together" }).waitFor();
    await checked(page, "accounts-together-phone");
    await page.keyboard.press("Escape");
    await page.setViewportSize({ width: 1440, height: 900 });
    await chooseLanguage(page, "Deutsch");
  });

  it("is removed in two steps, with its server; the mails stay", async () => {
    await page.goto("/settings/accounts");
    await page.getByRole("link", { name: "Einkauf bearbeiten" }).click();
    await page.getByRole("button", { name: "Konto entfernen …" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("3 archivierte Mails bleiben im Archiv.").waitFor();
    await dialog.getByRole("button", { name: "Abschalten und weiter" }).click();
    const last = dialog.getByRole("button", { name: "Endgültig entfernen" });
    await last.waitFor();
    expect((await kept("accounts")).map(({ name, active }) => [name, active])).toEqual([["Einkauf", false], ["Vertrieb", true]]);
    await dialog.getByText("3 archivierte Mails bleiben im Archiv.").waitFor();
    await dialog.getByRole("checkbox", { name: "Auch den Sendeserver „Einkauf“ (127.0.0.1) entfernen" }).check();
    // The other one has the same login and address, but is the other account's.
    expect(await dialog.getByRole("checkbox").count()).toBe(1);
    expect(await last.isDisabled()).toBe(true);
    await dialog.getByLabel("Geben Sie zur Bestätigung den Namen ein: Einkauf").fill("Einkauf");
    await checked(page, "account-removal");
    await last.click();
    await page.getByText("„Einkauf“ entfernt").waitFor();
    await card("Einkauf").waitFor({ state: "detached" });
    expect((await kept("smtp_accounts")).map(({ name }) => name)).toEqual(["Vertrieb"]);
    await page.goto("/mail/all");
    await page.getByText("Mail 3", { exact: true }).first().waitFor();
    expect(window.watch.troubles).toEqual([]);
  });
});
