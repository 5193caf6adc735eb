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

const file = (n: number, from: string, subject: string, text: string) => ({
  name: `${n}.eml`,
  mimeType: "message/rfc822",
  buffer: Buffer.from(letter(from, subject, `e-${n}@kunde.example`, text)),
});
const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
const dialog = () => page.getByRole("dialog");
const rowOf = (subject: string) => page.getByRole("row").filter({ hasText: subject });

// One story; each step builds on those before.
describe("erasure", () => {
  it("finds the mails of a person", async () => {
    await firstVisit(page);
    await page.goto("/imports");
    await page.setInputFiles("input[type=file] >> nth=0", [
      file(1, "Eva Kunde <eva@kunde.example>", "Bewerbung", "Anbei meine Unterlagen."),
      file(2, "Tom <tom@anderswo.example>", "Rückfrage", "Bitte eva@kunde.example fragen."),
      file(3, "Tom <tom@anderswo.example>", "Rundschreiben", "An alle."),
    ]);
    await page.getByRole("combobox", { name: "In welches Konto?" }).fill("Vertrieb");
    await button("Import starten").click();
    await page.getByRole("article").first().getByText("Fertig").waitFor();
    await page.goto("/settings/profile");
    await page.getByRole("link", { name: "Löschung" }).click();
    await page.waitForURL("**/settings/erasure");
    await page.getByText("Noch nichts wurde gelöscht.").waitFor();
    await page.getByLabel("Adresse").fill("niemand@kunde.example");
    await button("Suchen").click();
    await page.getByText("Zu dieser Adresse gibt es keine Mails.").waitFor();
    await page.getByLabel("Adresse").fill("eva@kunde.example");
    await button("Suchen").click();
    await page.getByText("2 Mails haben mit dieser Adresse zu tun.").waitFor();
    await rowOf("Bewerbung").getByText("Kopf der Mail").waitFor();
    await rowOf("Rückfrage").getByText("im Text erwähnt").waitFor();
    await checked(page, "erasure");
  });

  it("hands out everything about them", async () => {
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Auskunft als ZIP" }).click();
    const path = await (await download).path();
    expect(readFileSync(path).subarray(0, 2).toString()).toBe("PK");
  });

  it("asks for those that were chosen to be erased", async () => {
    await page.getByLabel("Auswählen: Rückfrage").uncheck();
    await button("1 Mail löschen").click();
    await dialog().getByText("Das lässt sich nicht rückgängig machen.").waitFor();
    await dialog().getByRole("combobox", { name: "Rechtsgrundlage" }).click();
    await page.getByRole("option", { name: "Einwilligung widerrufen (b)" }).click();
    await dialog().getByLabel("Anmerkung").fill("Az. 12/2026");
    await dialog().getByLabel("Ich habe geprüft").check();
    await checked(page, "erasure-dialog");
    await dialog().getByRole("button", { name: "Löschung beantragen" }).click();
    await page.getByText("Die Löschung wartet auf die Freigabe durch eine zweite Person.").waitFor();
    await page.getByText("2 Mails haben mit dieser Adresse zu tun.").waitFor();
  });

  it("is there in English", async () => {
    await page.goto("/settings/erasure");
    await chooseLanguage(page, "English");
    await page.getByRole("heading", { name: "Erasures so far" }).waitFor();
    await checked(page, "erasure-en");
  });
});
