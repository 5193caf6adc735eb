import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { checked } from "./browser";
import type { Server } from "./server";
import { EMAIL, PASSWORD, chooseLanguage, firstVisit, logIn, newStory } from "./story";

let page: Page;
let server: Server;

newStory((story) => {
  ({ page, server } = story);
});

const SECOND = "tom.berg@example.org";
const card = () => page.getByRole("article", { name: /CSV|csv/u }).first();

const exportCsv = async (button: string, item: RegExp) => {
  await page.getByRole("button", { name: button }).click();
  await page.getByRole("menuitem", { name: item }).click();
};

// One story; each step builds on those before.
describe("approvals", () => {
  beforeAll(async () => {
    await firstVisit(page);
    await page.getByRole("button", { name: "Mit Beispielmails ausprobieren" }).click();
    await page.waitForURL("**/mail/**");
    const user = await page.request.post("/api/v1/users", {
      data: { name: "Tom Berg", email: SECOND, role: "administrator", language: "de", accounts: [], password: PASSWORD },
      headers: { Origin: server.url },
    });
    expect(user.status()).toBe(201);
  });

  it("are needed for exports of many", async () => {
    await page.goto("/approvals");
    await page.getByText("Niemand hat um etwas gebeten.").waitFor();
    await page.getByLabel("Ab dieser Zahl von Mails").fill("1");
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Zurzeit: ab 1 Mails.").waitFor();
    await page.goto("/mail?q=has:attachment");
    await page.getByRole("list", { name: "Suche" }).getByRole("listitem").first().waitFor({ timeout: 60_000 });
    await exportCsv("Treffer exportieren", /CSV/u);
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Die Verwaltung muss ihn freigeben").waitFor();
    await dialog.getByLabel("Warum").fill("Für die Steuerberatung");
    await checked(page, "approval-ask");
    await dialog.getByRole("button", { name: "Um Freigabe bitten" }).click();
    await page.getByText("Um Freigabe gebeten.").waitFor();
    await page.goto("/approvals");
    await card().getByText("Für die Steuerberatung").waitFor();
    await card().getByText("Freigeben muss eine andere Person der Verwaltung").waitFor();
    await checked(page, "approvals-own");
  });

  it("are given by another administrator", async () => {
    await logIn(page, server, SECOND);
    await page.getByRole("link", { name: /Freigaben/u }).click();
    await card().getByText("Mara Vogt").waitFor();
    await checked(page, "approvals");
    await card().getByRole("button", { name: /^Freigeben/u }).click();
    await page.getByText("Freigegeben.", { exact: true }).waitFor();
    await page.getByText("Alle", { exact: true }).click();
    await card().getByText("Abholbar bis").waitFor();
  });

  it("let the file be fetched, in English", async () => {
    await logIn(page, server, EMAIL);
    await page.goto("/approvals");
    await chooseLanguage(page, "English");
    await page.getByText("All", { exact: true }).click();
    await card().getByText("Can be fetched until").waitFor();
    await checked(page, "approvals-en");
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      card().getByRole("link", { name: "Download" }).click(),
    ]);
    expect(readFileSync(await file.path(), "utf8").split("\n").length).toBeGreaterThan(2);
    await page.goto("/audit");
    await page.getByText("Approved (export)").waitFor();
  });

  it("say no, on a phone", async () => {
    await page.goto("/mail?q=has:attachment");
    await exportCsv("Export hits", /CSV/u);
    await page.getByRole("dialog").getByLabel("Why").fill("Once more");
    await page.getByRole("button", { name: "Ask for approval" }).click();
    await page.getByText("Asked for approval.").waitFor();
    await logIn(page, server, SECOND);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto("/approvals");
    await card().getByRole("button", { name: /^Ablehnen/u }).click();
    await page.getByRole("dialog").getByLabel("Grund").fill("Schon geschehen");
    await checked(page, "approval-refusal-phone");
    await page.getByRole("dialog").getByRole("button", { name: "Ablehnen" }).click();
    await page.getByText("Abgelehnt.", { exact: true }).waitFor();
    await page.getByText("Alle", { exact: true }).click();
    await page.getByText("Schon geschehen").waitFor();
    await checked(page, "approvals-phone");
  });
});
