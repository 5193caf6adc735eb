import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { checked } from "./browser";
import { letter } from "./mails";
import { chooseLanguage, firstVisit, newStory } from "./story";

let page: Page;

newStory((story) => {
  ({ page } = story);
});

const file = (name: string, content: string) => ({ name, mimeType: "message/rfc822", buffer: Buffer.from(content) });
const rows = () => page.getByRole("list", { name: /^(Absender|Senders)$/u }).getByRole("listitem");

// One story; each step builds on those before.
describe("senders", () => {
  it("are counted, newest name first", async () => {
    await firstVisit(page);
    await page.goto("/imports");
    await page.setInputFiles("input[type=file] >> nth=0", [
      file("1.eml", letter("eva@kunde.example", "Anfrage", "s-1@kunde.example", "Guten Tag.")),
      file("2.eml", letter("Eva Kunde <eva@kunde.example>", "Noch eine", "s-2@kunde.example", "Guten Abend.")),
      file("3.eml", letter("Tom Firma <tom@firma.example>", "Angebot", "s-3@firma.example", "Anbei.")),
      file("4.eml", letter("Laden <noreply@laden.example>", "Versandt", "s-4@laden.example", "Ihr Paket.")),
    ]);
    await page.getByRole("combobox", { name: "In welches Konto?" }).fill("Vertrieb");
    await page.getByRole("button", { name: "Import starten" }).click();
    await page.getByRole("article").first().getByText("Fertig").waitFor();
    await page.goto("/mail/all");
    await page.locator("main").getByRole("listitem").nth(3).waitFor();
    await page.goto("/senders");
    await expect.poll(() => rows().count()).toBe(2);
    await rows().first().getByText("2 Mails").waitFor();
    await rows().first().getByText("eva@kunde.example").waitFor();
    await checked(page, "senders");
  });

  it("are found by domain, with machines if wanted", async () => {
    await page.getByRole("checkbox", { name: "Auch Automaten und Sammeladressen" }).check();
    await expect.poll(() => rows().count()).toBe(3);
    await page.getByLabel("Adresse, Name oder Domain").fill("@laden.example");
    await page.keyboard.press("Enter");
    await expect.poll(() => rows().count()).toBe(1);
    await rows().first().getByText("Automat oder Sammeladresse").waitFor();
    await page.getByLabel("Adresse, Name oder Domain").fill("niemand");
    await page.keyboard.press("Enter");
    await page.getByText("Kein Absender passt dazu.").waitFor();
  });

  it("are handed out", async () => {
    await page.goto("/senders");
    await rows().first().waitFor();
    const [csv] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
    expect(readFileSync(await csv.path(), "utf8").trim().split("\n").length).toBe(3);
    const [xlsx] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Excel" }).click()]);
    expect(xlsx.suggestedFilename()).toBe("senders.xlsx");
    await page.goto("/audit");
    await page.getByText("Absenderliste exportiert", { exact: false }).first().waitFor();
  });

  it("lead to their mails, in English, on a phone", async () => {
    await page.goto("/senders");
    await chooseLanguage(page, "English");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole("heading", { level: 1, name: "Senders" }).waitFor();
    await rows().first().getByText("2 mails").waitFor();
    await checked(page, "senders-phone");
    await rows().first().getByRole("link").click();
    await page.waitForURL("**/mail?q=from*");
    await expect.poll(() => page.locator("main").getByRole("listitem").count()).toBeGreaterThan(1);
  });
});
