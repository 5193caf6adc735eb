import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checked } from "./browser";
import { newRadicale, type Radicale } from "./radicale";
import { chooseLanguage, firstVisit, newStory } from "./story";

let radicale: Radicale;
let page: Page;

newStory((story) => {
  ({ page } = story);
});

beforeAll(async () => {
  radicale = await newRadicale();
  await radicale.put("/eva/kunden/", "jonas", "Jonas Beispiel");
});

afterAll(() => radicale.remove());

const FIRST = "number,name,active,email\nK-1,Eva,yes,eva@kunde.example\nK-2,Tom,yes,\nK-3,Ida,yes,\nK-4,Leo,yes,\n";
const SECOND = "Nr;Name\nK-1;Eva Kunde\nK-2;Tom\nK-9;Neu\n";

const csv = (content: string) => ({ name: "kontakte.csv", mimeType: "text/csv", buffer: Buffer.from(content) });
const dialog = () => page.getByRole("dialog");

/** Chooses a file in the dialog and looks at what it would change. */
async function preview(content: string): Promise<void> {
  await page.getByRole("button", { name: "Datei importieren" }).click();
  await dialog().locator("input[type=file]").setInputFiles(csv(content));
  await dialog().getByRole("button", { name: "Vorschau" }).click();
}

// One story; each step builds on those before.
describe("ERP data", () => {
  it("is imported after a preview", async () => {
    await firstVisit(page);
    await page.goto("/settings/erp");
    await page.getByText("Keine Quelle ist eingerichtet.").waitFor();
    await preview(FIRST);
    await dialog().getByText("4 neu, 0 geändert").waitFor();
    await checked(page, "erp-preview");
    await dialog().getByRole("button", { name: "Übernehmen" }).click();
    await dialog().waitFor({ state: "hidden" });
    await page.getByRole("list", { name: "Läufe" }).getByText("kontakte.csv").waitFor();
  });

  it("shows what changes, and asks before many vanish", async () => {
    await preview(SECOND);
    await dialog().getByText("Spalte fehlt").first().waitFor();
    await dialog().getByRole("textbox", { name: "Zuordnung der Spalten" }).fill("number = Nr");
    await dialog().getByRole("button", { name: "Vorschau" }).click();
    await dialog().getByText("1 neu, 1 geändert, 1 gleich, 2 verschwunden").waitFor();
    await dialog().getByText("Eva Kunde").waitFor();
    await dialog().getByText("K-3, K-4").waitFor();
    await dialog().getByRole("checkbox", { name: "Ja, so viele dürfen verschwinden" }).check();
    await checked(page, "erp-asks");
    await dialog().getByRole("button", { name: "Übernehmen" }).click();
    await dialog().waitFor({ state: "hidden" });
    await page.getByText("1 neu, 1 geändert, 1 gleich, 2 verschwunden").first().waitFor();
  });

  it("comes from a file by itself", async () => {
    await page.getByRole("button", { name: "Quelle anlegen" }).click();
    await dialog().getByRole("textbox", { name: "Name" }).fill("Artikel");
    const hint = await dialog().getByText(/^Unterhalb von /u).innerText();
    const folder = /^Unterhalb von (\S+)\. /u.exec(hint)?.[1] ?? "";
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "artikel.csv"), "number,name,active,email\nP-1,Tisch\nP-2,Stuhl\n");
    await dialog().getByRole("textbox", { name: /^Datei/u }).fill("artikel.csv");
    await dialog().getByRole("button", { name: "Erproben" }).click();
    await dialog().getByText("Alles in Ordnung").waitFor();
    await checked(page, "erp-source");
    await dialog().getByRole("button", { name: "Speichern" }).click();
    await dialog().waitFor({ state: "hidden" });
    const card = page.getByRole("region", { name: "Artikel" });
    await card.getByRole("button", { name: "Jetzt laufen lassen" }).click();
    await card.getByText("2 neu").waitFor();
  });

  it("comes from address books of a CardDAV server", async () => {
    await page.getByRole("button", { name: "Quelle anlegen" }).click();
    await dialog().getByRole("textbox", { name: "Name", exact: true }).fill("Adressbuch");
    await dialog().getByRole("combobox", { name: "Art der Quelle" }).click();
    await page.getByRole("option", { name: "Adressbücher (CardDAV)" }).click();
    await dialog().getByLabel("Adresse des Servers").fill(radicale.url);
    await dialog().getByLabel("Anmeldename").fill("eva");
    await dialog().getByLabel("Kennwort").first().fill("secret");
    await dialog().getByRole("button", { name: "Erproben" }).click();
    await dialog().getByText("Alles in Ordnung").waitFor();
    await dialog().getByText(/Jonas Beispiel/u).waitFor();
    await dialog().getByRole("checkbox", { name: /Kunden/u }).check();
    // Only when asked: the run is the one below.
    await dialog().getByRole("checkbox", { name: "Läuft von selbst" }).uncheck();
    await checked(page, "erp-carddav");
    await dialog().getByRole("button", { name: "Speichern" }).click();
    await dialog().waitFor({ state: "hidden" });
    const card = page.getByRole("region", { name: "Adressbuch" });
    await card.getByRole("button", { name: "Jetzt laufen lassen" }).click();
    await card.getByText("1 neu").waitFor();
    await card.getByRole("button", { name: "Quelle Adressbuch bearbeiten" }).click();
    expect(await dialog().getByRole("checkbox", { name: /Kunden/u }).isChecked()).toBe(true);
    await dialog().getByRole("button", { name: "Abbrechen" }).click();
    await dialog().waitFor({ state: "hidden" });
  });

  it("speaks English too", async () => {
    await chooseLanguage(page, "English");
    await page.getByRole("heading", { name: "ERP data" }).waitFor();
    await checked(page, "erp-english");
  });
});
