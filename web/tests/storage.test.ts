import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, it } from "vitest";
import { checked } from "./browser";
import { HAS_MOTO, type Moto, newMoto } from "./moto";
import { chooseLanguage, firstVisit, newStory } from "./story";

let page: Page;
let moto: Moto;

newStory((story) => {
  ({ page } = story);
});

beforeAll(async () => {
  if (HAS_MOTO) {
    moto = await newMoto();
    await moto.makeBucket("mails", true);
    await moto.makeBucket("plain", false);
  }
});

afterAll(async () => {
  if (HAS_MOTO) {
    await moto.remove();
  }
});

// One story; each step builds on those before.
describe.skipIf(!HAS_MOTO)("the remote storage", () => {
  it("says that none is set", async () => {
    await firstVisit(page);
    await page.goto("/settings/profile");
    await page.getByRole("link", { name: "Entfernter Speicher" }).click();
    await page.waitForURL("**/settings/storage");
    await page.getByText("Es ist kein entfernter Speicher eingestellt").waitFor();
    await checked(page, "storage");
  });

  it("is tested, and says whether the bucket locks", async () => {
    await page.getByLabel("Adresse").fill(moto.url);
    await page.getByRole("textbox", { name: "Bucket", exact: true }).fill("plain");
    await page.getByLabel("Zugriffsschlüssel").fill("test");
    await page.getByLabel("Geheimer Schlüssel").and(page.locator("input")).fill("test");
    await page.getByRole("button", { name: "Einstellungen prüfen" }).click();
    await page.getByText("Der Bucket sperrt nicht").waitFor();
    await page.getByRole("textbox", { name: "Bucket", exact: true }).fill("nirgends");
    await page.getByRole("button", { name: "Einstellungen prüfen" }).click();
    await page.getByText("Diesen Bucket gibt es dort nicht.").waitFor();
    await checked(page, "storage-fails");
    await page.getByRole("textbox", { name: "Bucket", exact: true }).fill("mails");
    await page.getByLabel("Ordner").fill("musterverein");
    await page.getByRole("button", { name: "Einstellungen prüfen" }).click();
    await page.getByText("kann 3650 Tage lang niemand ändern oder löschen").waitFor();
    await checked(page, "storage-tested");
  });

  it("is set, and stays with its key hidden", async () => {
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Speicher eingestellt.").waitFor();
    await page.getByText("Alle versiegelten Segmente liegen auch dort.").waitFor();
    await page.reload();
    await page.getByText("Leer lassen, um den gespeicherten zu behalten.").waitFor();
    await page.getByRole("button", { name: "Einstellungen prüfen" }).click();
    await page.getByText("Der Speicher antwortet und lässt sich beschreiben.").waitFor();
  });

  it("is there on a phone and in English, and is forgotten", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await checked(page, "storage-phone");
    await page.setViewportSize({ width: 1440, height: 900 });
    await chooseLanguage(page, "English");
    await page.getByText("All sealed segments lie there too.").waitFor();
    await checked(page, "storage-en");
    await page.getByRole("button", { name: "Forget" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Forget" }).click();
    await page.getByText("No remote storage is set").waitFor();
  });
});
