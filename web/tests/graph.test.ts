import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { checked } from "./browser";
import { chooseLanguage, firstVisit, newStory } from "./story";

let page: Page;

newStory((story) => {
  ({ page } = story);
});

// One story; each step builds on those before. Nothing is asked of Microsoft: no step links the account.
describe("Microsoft Graph", () => {
  it("has a form of its own, with the service set up within it", async () => {
    await firstVisit(page);
    await page.goto("/settings/accounts/new");
    await page.getByLabel("Name des Kontos").fill("Vertrieb");
    await page.getByRole("combobox", { name: "Protokoll" }).click();
    await page.getByRole("option", { name: "Microsoft 365 (Graph)", exact: true }).click();
    await page.getByText("noch an keinem echten Mandanten erprobt").waitFor();
    await page.getByLabel("Anmeldename").fill("vertrieb@firma.example");
    await page.getByRole("combobox", { name: "Anmeldung" }).click();
    expect(await page.getByRole("option", { name: "Kennwort" }).count()).toBe(0);
    await page.getByRole("option", { name: "Microsoft 365 (Graph) einrichten …" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox", { name: "Name", exact: true }).fill("Firma");
    await dialog.getByLabel("Verzeichnis (Mandant)").fill("firma.example");
    await dialog.getByLabel("Anwendungs-ID (Client-ID)").fill("00000000-0000-4000-8000-000000000001");
    await dialog.getByRole("textbox", { name: "Geheimnis", exact: true }).fill("geheim");
    await checked(page, "graph-service");
    await dialog.getByRole("button", { name: "Speichern" }).click();
    await dialog.waitFor({ state: "hidden" });
    expect(await page.getByRole("textbox", { name: "Server", exact: true }).inputValue()).toBe("graph.microsoft.com");
    await checked(page, "graph-form");
    await page.getByRole("button", { name: "Konto anlegen" }).click();
    await page.getByRole("heading", { level: 2, name: "Verknüpfung" }).waitFor();
    await page.getByText("Nicht verknüpft", { exact: true }).waitFor();
  });

  it("can be chosen for sending, and says that the consent does not include it yet", async () => {
    await page.goto("/settings/sending");
    await page.getByRole("button", { name: "Server anlegen" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox", { name: "Name", exact: true }).fill("Graph");
    await dialog.getByRole("combobox", { name: "Anmeldung mit" }).click();
    await page.getByRole("option", { name: "Microsoft Graph, mit der Zustimmung des Kontos Vertrieb" }).click();
    await dialog.getByText("Noch nicht an einem echten Mandanten erprobt", { exact: false }).waitFor();
    expect(await dialog.getByLabel("Port").count()).toBe(0);
    expect(await dialog.getByLabel("Kennwort").count()).toBe(0);
    await dialog.getByLabel("Absenderadresse").fill("vertrieb@firma.example");
    await checked(page, "graph-sending");
    await dialog.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Die Zustimmung umfasst das Senden nicht").waitFor();
    await chooseLanguage(page, "English");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByText("The consent does not include sending").waitFor();
    await checked(page, "graph-sending-phone");
    await page.getByRole("link", { name: "To the account" }).click();
    await page.getByRole("heading", { level: 1, name: "Vertrieb" }).waitFor();
  });
});
