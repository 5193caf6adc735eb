import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checked, type Window } from "./browser";
import { type Dovecot, newDovecot } from "./dovecot";
import type { Server } from "./server";
import { chooseLanguage, firstVisit, newStory } from "./story";

const GAP = "Ordner „INBOX“ von „Vertrieb“ ist unvollständig: 2 Mails fehlen, 0 gescheitert";

let server: Server;
let dovecot: Dovecot;
let window: Window;
let page: Page;

newStory((story) => {
  ({ server, window, page } = story);
});

beforeAll(async () => {
  dovecot = await newDovecot();
  for (let n = 1; n <= 6; n += 1) {
    await dovecot.deliver(`From: eva@example.org\r\nSubject: Mail ${n}\r\nMessage-ID: <${n}@example.org>\r\n\r\nHallo ${n}\r\n`);
  }
});

afterAll(() => dovecot.remove());

const inbox = () => page.getByRole("article", { name: "INBOX" });

async function openAccount(): Promise<void> {
  await page.goto("/settings/accounts");
  await page.getByRole("link", { name: "Vertrieb bearbeiten" }).click();
  await page.getByRole("heading", { level: 2, name: "Vollständigkeit" }).waitFor();
}

// One story; each step builds on those before.
describe("the doctor", () => {
  it("compares a new mailbox with its server", async () => {
    await firstVisit(page);
    const status = await page.evaluate(async (port) => {
      const connection = { host: "127.0.0.1", port, tls: "none", login: "alice", password: "secret" };
      const body = JSON.stringify({ name: "Vertrieb", kind: "imap", active: true, connection });
      const headers = { "content-type": "application/json" };
      return (await fetch("/api/v1/accounts", { method: "POST", headers, body })).status;
    }, dovecot.port);
    expect(status).toBe(201);
    await openAccount();
    await expect.poll(() => inbox().getByText("Vollständig", { exact: true }).count(), { timeout: 60_000 }).toBe(1);
    await page.goto("/doctor");
    await page.getByText("Alles in Ordnung.").first().waitFor();
    await checked(page, "doctor-well");
  });

  it("says on every page what is missing, and lists it", async () => {
    await server.stop();
    await server.tamper("DELETE FROM placements WHERE uid IN (2, 3)");
    await server.start();
    await openAccount();
    await page.getByRole("button", { name: "Jetzt vergleichen" }).click();
    await inbox().getByText("Unvollständig").waitFor({ timeout: 60_000 });
    await inbox().getByText("Was nicht im Archiv ist").click();
    await inbox().getByText("UID 2–3").waitFor();
    await inbox().getByText("fehlt", { exact: true }).waitFor();
    await checked(page, "completeness-gap");
    await page.goto("/mail/all");
    const banner = page.getByRole("status").filter({ hasText: GAP });
    await banner.waitFor({ timeout: 60_000 });
    await checked(page, "doctor-banner");
    await banner.getByRole("link", { name: "Ansehen" }).click();
    await page.getByText(`Kritisch: ${GAP}`).waitFor();
    await page.getByText("Öffnen Sie das Konto", { exact: false }).waitFor();
    await checked(page, "doctor");
    await page.goto("/settings/system");
    await page.getByRole("region", { name: "Zustand" }).getByText(GAP).waitFor();
    await checked(page, "system-trouble");
  });

  it("fits on a phone, and speaks English", async () => {
    await chooseLanguage(page, "English");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto("/doctor");
    await page.getByText("Critical: Folder “INBOX” of “Vertrieb” is incomplete: 2 mails missing, 0 failed").waitFor();
    await checked(page, "doctor-phone");
    await page.goto("/settings/accounts");
    await page.getByRole("link", { name: "Edit Vertrieb" }).click();
    await inbox().getByText("Incomplete").waitFor();
    await checked(page, "completeness-phone");
    await page.setViewportSize({ width: 1280, height: 800 });
    await chooseLanguage(page, "Deutsch");
  });

  it("fetches again with one click", async () => {
    await openAccount();
    await page.getByRole("button", { name: "Erneut abholen, was in INBOX fehlt" }).click();
    await inbox().getByText("Vollständig", { exact: true }).waitFor({ timeout: 60_000 });
    await page.goto("/doctor");
    await page.getByText("Alles in Ordnung.").first().waitFor({ timeout: 60_000 });
    await page.getByRole("heading", { name: "Vorbei" }).waitFor();
    await page.getByText(GAP).waitFor();
    await checked(page, "doctor-over");
    expect(window.watch.troubles).toEqual([]);
  });

  it("empties the mailbox where an administrator chose so, and says before how much goes", async () => {
    expect(await dovecot.count()).toBe(6);
    await openAccount();
    await page.getByRole("combobox", { name: "Im Postfach löschen" }).click();
    await page.getByRole("option", { name: "Nach einigen Tagen" }).click();
    await page.getByText("werden 0 Mails im Postfach gelöscht", { exact: false }).waitFor();
    await page.getByRole("combobox", { name: "Im Postfach löschen" }).click();
    await page.getByRole("option", { name: "Sofort nach dem Archivieren" }).click();
    await page.getByText("werden 6 Mails im Postfach gelöscht", { exact: false }).waitFor();
    await checked(page, "keeping");
    await page.getByRole("button", { name: "Übernehmen" }).click();
    await page.getByText("Gespeichert", { exact: true }).waitFor();
    // Saved does not mean done: the next fetch does it.
    expect(await dovecot.count()).toBe(6);
    await page.goto("/settings/accounts");
    await page.getByRole("button", { name: "Vertrieb jetzt abrufen" }).click();
    await expect.poll(() => dovecot.count(), { timeout: 60_000 }).toBe(0);
    await page.goto("/mail/all");
    await page.getByText("Mail 6", { exact: true }).first().waitFor();
    expect(window.watch.troubles).toEqual([]);
  });
});
