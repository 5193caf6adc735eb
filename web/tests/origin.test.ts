import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { checked } from "./browser";
import { chooseLanguage, firstVisit, newStory } from "./story";

let page: Page;

newStory((story) => {
  ({ page } = story);
});

const german = () => page.locator("form").filter({ has: page.getByRole("heading", { name: "Von wem Mails sind" }) });

describe("who mails are from", () => {
  it("takes a spam filter and hosts that are believed, and refuses what cannot be one", async () => {
    await firstVisit(page);
    await page.goto("/settings/attachments");
    await german().getByLabel("Spamfilter").fill("http://127.0.0.1:11333");
    await german().getByLabel("Rechner, deren Ergebnissen geglaubt wird").fill("mx.firma.example\nmx2.firma.example");
    await german().getByRole("button", { name: "Speichern" }).click();
    await german().getByText("Nicht gespeichert.").waitFor();
    await checked(page, "origin-refused");
    await german().getByLabel("Spamfilter").fill("rspamd://127.0.0.1:11333");
    await german().getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Einstellungen gespeichert.").waitFor();
    await page.reload();
    await german().waitFor();
    expect(await german().getByLabel("Spamfilter").inputValue()).toBe("rspamd://127.0.0.1:11333");
    const believed = german().getByLabel("Rechner, deren Ergebnissen geglaubt wird");
    expect(await believed.inputValue()).toBe("mx.firma.example\nmx2.firma.example");
  });

  it("can be emptied again, in English and on a phone", async () => {
    await chooseLanguage(page, "English");
    await page.setViewportSize({ width: 390, height: 844 });
    const form = page.locator("form").filter({ has: page.getByLabel("Spam filter") });
    await form.getByLabel("Spam filter").fill("");
    await checked(page, "origin-phone");
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByText("Settings saved.").waitFor();
    await page.reload();
    await form.waitFor();
    expect(await form.getByLabel("Spam filter").inputValue()).toBe("");
  });
});
