import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checked, type Window } from "./browser";
import { type Dovecot, newDovecot } from "./dovecot";
import { chooseLanguage, firstVisit, newStory } from "./story";

let dovecot: Dovecot;
let window: Window;
let page: Page;

newStory((story) => {
  ({ window, page } = story);
});

beforeAll(async () => {
  dovecot = await newDovecot();
  for (let n = 1; n <= 4; n += 1) {
    const from = n === 1 ? "eva@example.org" : "brief@neues.example";
    await dovecot.deliver(`From: ${from}\r\nSubject: Mail ${n}\r\nMessage-ID: <${n}@example.org>\r\n\r\nHallo ${n}\r\n`);
  }
});

afterAll(() => dovecot.remove());

const card = () => page.getByRole("region", { name: "Nicht archivieren" });
const inbox = () => page.getByRole("article", { name: "INBOX" });

// One story; each step builds on those before.
describe("what is not archived", () => {
  it("is named before the first fetch", async () => {
    await firstVisit(page);
    const made = await page.evaluate(async (port) => {
      const connection = { host: "127.0.0.1", port, tls: "none", login: "alice", password: "secret" };
      const body = JSON.stringify({ name: "Vertrieb", kind: "imap", active: false, connection });
      const headers = { "content-type": "application/json" };
      return (await fetch("/api/v1/accounts", { method: "POST", headers, body })).status;
    }, dovecot.port);
    expect(made).toBe(201);
    await page.goto("/settings/accounts");
    await page.getByRole("link", { name: "Vertrieb bearbeiten" }).click();
    await card().getByText("Keine Ausnahmen: Alles wird archiviert.").waitFor();
    await card().getByRole("button", { name: "Ausnahme hinzufügen" }).click();
    const dialog = page.getByRole("dialog", { name: "Neue Ausnahme" });
    await dialog.getByLabel("Name").fill("Newsletter");
    await dialog.getByRole("combobox", { name: "Was ausgenommen ist" }).click();
    await page.getByRole("option", { name: "Absender" }).click();
    await dialog.getByRole("combobox", { name: "Adressen und Domains" }).fill("kein Absender");
    await dialog.getByRole("button", { name: "Speichern" }).click();
    await dialog.getByText("kann nach „kein Absender“ nicht suchen", { exact: false }).first().waitFor();
    await checked(page, "exclusion-refused");
    await dialog.getByRole("combobox", { name: "Adressen und Domains" }).press("Backspace");
    await dialog.getByRole("combobox", { name: "Adressen und Domains" }).fill("neues.example");
    await dialog.getByRole("button", { name: "Speichern" }).click();
    await dialog.waitFor({ state: "hidden" });
    await card().getByText("Absender: neues.example").waitFor();
    await checked(page, "exclusions");
  });

  it("is counted, and is no gap", async () => {
    await page.getByRole("switch", { name: "Aktiv" }).click();
    await page.getByRole("button", { name: "Speichern", exact: true }).click();
    await page.getByRole("link", { name: "Vertrieb bearbeiten" }).click();
    await card().getByText("3 Mails").waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: "Jetzt vergleichen" }).click();
    await inbox().getByText("Vollständig", { exact: true }).waitFor({ timeout: 60_000 });
    await inbox().getByText("Nach Regel dort gelassen").waitFor();
  });

  it("fits on a phone, and speaks English", async () => {
    await chooseLanguage(page, "English");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole("region", { name: "Not archived" }).getByText("Senders: neues.example").waitFor();
    await checked(page, "exclusions-phone");
    await page.setViewportSize({ width: 1280, height: 800 });
    await chooseLanguage(page, "Deutsch");
  });

  it("comes once it is let go", async () => {
    await card().getByRole("button", { name: "Ausnahme Newsletter ändern" }).click();
    const dialog = page.getByRole("dialog", { name: "Newsletter" });
    await dialog.getByRole("button", { name: "Entfernen …" }).click();
    await dialog.getByText("Das lässt sich nicht rückgängig machen.", { exact: false }).waitFor();
    await checked(page, "exclusion-remove");
    await dialog.getByRole("button", { name: "Ausnahme entfernen" }).click();
    await card().getByText("Keine Ausnahmen: Alles wird archiviert.").waitFor();
    await page.goto("/mail/all");
    await page.getByText("Mail 4").first().waitFor({ timeout: 60_000 });
    expect(window.watch.troubles).toEqual([]);
  });
});
