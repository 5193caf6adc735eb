import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { checked } from "./browser";
import type { Server } from "./server";
import { PASSWORD, chooseLanguage, firstVisit, logIn, newStory } from "./story";

let page: Page;
let server: Server;

newStory((story) => {
  ({ page, server } = story);
});

const AUDITOR = "pruefung@example.org";

const entries = () => page.locator("main ol > li");

// One story; each step builds on those before.
describe("auditing", () => {
  beforeAll(async () => {
    await firstVisit(page);
    await page.getByRole("button", { name: "Mit Beispielmails ausprobieren" }).click();
    await page.getByRole("heading", { level: 1, name: "Alle Mails" }).waitFor();
    await page.getByRole("listitem").first().waitFor();
  });

  it("is given to somebody for a period and until a day", async () => {
    await page.goto("/settings/users");
    await page.getByRole("button", { name: "Benutzer anlegen" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name", { exact: true }).fill("Betriebsprüfung");
    await dialog.getByLabel("Mailadresse").fill(AUDITOR);
    await dialog.getByRole("radio", { name: "Revision" }).check();
    await dialog.getByRole("combobox", { name: "Liest die Konten" }).click();
    await page.getByRole("option").first().click();
    await page.keyboard.press("Escape");
    await dialog.getByLabel("Nur Mails ab").fill("2001-01-01");
    await dialog.getByLabel("Nur Mails bis").fill("2001-12-31");
    await dialog.getByLabel("Darf sich anmelden bis").fill("2099-12-31");
    await dialog.locator("input[type=password]").fill(PASSWORD);
    await checked(page, "auditor-dialog");
    await dialog.getByRole("button", { name: "Anlegen" }).click();
    const card = page.getByRole("article", { name: "Betriebsprüfung" });
    await card.getByText("2001-01-01 – 2001-12-31").waitFor();
    await card.getByText("2099-12-31").waitFor();
  });

  it("finds who did what in the log, and hands it out", async () => {
    await page.goto("/audit");
    await page.getByText("Benutzer pruefung@example.org angelegt", { exact: false }).first().waitFor();
    const filters = page.getByRole("form", { name: "Filter" });
    await filters.getByRole("combobox", { name: "Was" }).click();
    await page.getByRole("option", { name: /^Benutzer/u }).first().click();
    await page.waitForURL("**/audit?action=user.created");
    await expect.poll(() => entries().count()).toBe(1);
    await checked(page, "audit-filtered");
    await filters.getByRole("combobox", { name: "Wer" }).click();
    await page.getByRole("option", { name: "Mara Vogt" }).click();
    await page.waitForURL("**actor=**");
    await entries().first().waitFor();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV" }).click()]);
    expect(readFileSync(await file.path(), "utf8").trim().split("\n").length).toBe(2);
    await filters.getByLabel("Bis").fill("2001-01-01");
    await page.getByText("Noch keine Einträge.").or(page.getByText("Keine Einträge", { exact: false })).first().waitFor();
    await filters.getByRole("button", { name: "Filter zurücksetzen" }).click();
    await expect.poll(() => entries().count()).toBeGreaterThan(2);
  });

  it("makes procedural documentation in both languages", async () => {
    await page.goto("/settings/procedures");
    await page.getByText("Es gibt noch keine Fassung.").waitFor();
    await page.getByRole("button", { name: "Neue Fassung erstellen" }).click();
    await page.getByRole("article", { name: "Fassung 1, Deutsch" }).waitFor();
    await page.getByText("English", { exact: true }).click();
    await page.getByRole("button", { name: "Neue Fassung erstellen" }).click();
    await page.getByRole("article", { name: "Fassung 1, English" }).waitFor();
    await checked(page, "procedures");
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Fassung 1, Deutsch herunterladen" }).click(),
    ]);
    expect(file.suggestedFilename()).toBe("verfahrensdokumentation-1.pdf");
    expect(readFileSync(await file.path()).subarray(0, 5).toString()).toBe("%PDF-");
    await page.goto("/audit");
    await page.getByText("Verfahrensdokumentation erstellt: Fassung 1 (de)", { exact: false }).waitFor();
  });

  it("hands mails of a period over", async () => {
    await page.goto("/settings/procedures");
    const form = page.getByRole("form", { name: "Datenüberlassung (Z3)" });
    await form.getByLabel("Von").fill("2000-01-01");
    await form.getByLabel("Bis").fill("2098-12-31");
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      form.getByRole("button", { name: "Daten überlassen" }).click(),
    ]);
    expect(file.suggestedFilename()).toMatch(/^z3-\d{8}-\d{6}\.zip$/u);
    expect(readFileSync(await file.path()).toString("latin1")).toContain("index.xml");
  });

  it("shows an auditor the log and no mail of another time, in English, on a phone", async () => {
    await logIn(page, server, AUDITOR);
    await chooseLanguage(page, "English");
    await page.goto("/mail/all");
    await page.getByRole("heading", { level: 1, name: "All mails" }).waitFor();
    await expect.poll(() => page.locator("main").getByRole("listitem").count()).toBe(0);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto("/audit");
    await entries().first().waitFor();
    await checked(page, "audit-phone");
    await page.goto("/settings/procedures");
    await page.getByRole("article", { name: "Version 1, Deutsch" }).waitFor();
    expect(await page.getByRole("button", { name: "Make a new version" }).count()).toBe(0);
    await page.goto("/settings/proof");
    await page.getByText("All entries are signed.").waitFor();
    expect(await page.getByRole("heading", { name: "Time stamp authorities" }).count()).toBe(0);
  });
});
