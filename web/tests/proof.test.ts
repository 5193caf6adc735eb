import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { checked } from "./browser";
import { chooseLanguage, firstVisit, newStory } from "./story";

let page: Page;

newStory((story) => {
  ({ page } = story);
});

function certificate(): string {
  const folder = mkdtempSync(join(tmpdir(), "proof-"));
  const words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=Test -keyout key.pem -out ca.pem";
  execFileSync("openssl", words.split(" "), { cwd: folder, stdio: "ignore" });
  return readFileSync(join(folder, "ca.pem"), "utf8");
}

const fact = (name: string) => page.locator("dt", { hasText: name }).locator("xpath=following-sibling::dd[1]");

// One story; each step builds on those before.
describe("the provable log", () => {
  it("says that everything is signed, and shows its key", async () => {
    await firstVisit(page);
    await page.goto("/settings/profile");
    await page.getByRole("link", { name: "Beweis" }).click();
    await page.waitForURL("**/settings/proof");
    await page.getByText("Alle Einträge sind unterschrieben.").waitFor();
    expect(Number(await fact("Einträge").first().textContent())).toBeGreaterThan(0);
    await page.getByText(/^poststelle\/[0-9a-f]{16}\+[0-9a-f]{8}\+/u).waitFor();
    await page.getByText("Keine Stelle ist eingerichtet").waitFor();
    await checked(page, "proof");
  });

  it("takes authorities, and says what is wrong with one", async () => {
    const form = page.getByRole("form", { name: "Zeitstempelstellen" });
    const save = form.getByRole("button", { name: "Speichern" });
    await form.getByRole("button", { name: "Weitere Stelle" }).click();
    await form.getByLabel("Name", { exact: false }).fill("Prüfstelle");
    await form.getByLabel("Adresse").fill("http://127.0.0.1:1/tsa");
    await form.getByLabel("Benutzer").fill("kunde");
    await form.getByLabel("Passwort").and(page.locator("input")).fill("geheim");
    await form.getByLabel("Zertifikat der Zertifizierungsstelle").fill("kein Zertifikat");
    await save.click();
    await form.getByText("Das Zertifikat kann nicht gelesen werden").first().waitFor();
    await form.getByLabel("Zertifikat der Zertifizierungsstelle").fill(certificate());
    await save.click();
    await page.getByText("Stellen gespeichert.").waitFor();
    await page.reload();
    await form.getByLabel("Adresse").waitFor();
    expect(await form.getByLabel("Adresse").inputValue()).toBe("http://127.0.0.1:1/tsa");
    expect(await form.getByLabel("Benutzer").inputValue()).toBe("kunde");
    expect(await form.getByLabel("Passwort").and(page.locator("input")).inputValue()).toBe("");
  });

  it("goes out by mail once there is a server that sends", async () => {
    const form = page.getByRole("form", { name: "Prüfpunkt per Mail" });
    await form.getByText("Wählen Sie zuerst unter Einstellungen → Versand").waitFor();
    await form.getByLabel("Adressen").fill("eva@kunde.example\nkeine Adresse");
    await form.getByRole("combobox", { name: "Wie oft" }).click();
    await page.getByRole("option", { name: "montags" }).click();
    await form.getByRole("button", { name: "Speichern" }).click();
    await form.getByRole("alert").waitFor();
    await form.getByLabel("Adressen").fill("eva@kunde.example");
    await form.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Prüfpunkt per Mail gespeichert.").waitFor();
    expect(await form.getByRole("button", { name: "Jetzt senden" }).isDisabled()).toBe(true);
  });

  it("is a witness for others, and takes no key that is none", async () => {
    const form = page.getByRole("form", { name: "Zeuge für andere" });
    await form.getByLabel("Andere Protokolle bezeugen").check();
    await form.getByRole("button", { name: "Weiteres Protokoll" }).click();
    await form.getByLabel("Name des Protokolls").fill("Verein");
    await form.getByLabel("Öffentlicher Schlüssel des Protokolls").fill("poststelle/abc");
    await form.getByRole("button", { name: "Speichern" }).click();
    await form.getByText("Der Schlüssel des Protokolls kann nicht gelesen werden").first().waitFor();
    await form.getByRole("button", { name: "Protokoll entfernen" }).click();
    await form.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Einstellungen des Zeugen gespeichert.").waitFor();
    await form.getByText(/^poststelle-witness\/[0-9a-f]{16}\+[0-9a-f]{8}\+/u).waitFor();
    await checked(page, "proof-anchored");
  });

  it("makes a recovery key that is shown once, and compares it with the paper", async () => {
    await page.getByText("Es gibt noch keinen Wiederherstellungsschlüssel.").waitFor();
    await page.getByRole("button", { name: "Wiederherstellungsschlüssel erzeugen" }).click();
    const dialog = page.getByRole("dialog", { name: "Ihr Wiederherstellungsschlüssel" });
    await dialog.waitFor();
    const groups = await dialog.getByRole("listitem").allTextContents();
    expect(groups).toHaveLength(8);
    const kept = dialog.getByRole("button", { name: "Ich habe ihn verwahrt" });
    await dialog.getByLabel("Gruppe 3 vom Papier").fill(groups[3] ?? "");
    expect(await kept.isDisabled()).toBe(true);
    await checked(page, "recovery-key");
    await dialog.getByLabel("Gruppe 3 vom Papier").fill((groups[2] ?? "").toLowerCase());
    await kept.click();
    await dialog.waitFor({ state: "hidden" });
    const compare = page.getByLabel("Schlüssel vom Papier vergleichen").and(page.locator("input"));
    await compare.fill(groups.toReversed().join(" "));
    await page.getByRole("button", { name: "Vergleichen" }).click();
    await page.getByText("Der Wiederherstellungsschlüssel stimmt nicht.").waitFor();
    await compare.fill(groups.join(" "));
    await page.getByRole("button", { name: "Vergleichen" }).click();
    await page.getByText("Der Wiederherstellungsschlüssel stimmt.").waitFor();
  });

  it("is there in English", async () => {
    await chooseLanguage(page, "English");
    await page.getByText("All entries are signed.").waitFor();
    await page.getByRole("heading", { name: "Time stamp authorities" }).waitFor();
    await checked(page, "proof-en");
    await page.setViewportSize({ width: 390, height: 844 });
    await checked(page, "proof-phone");
    const form = page.getByRole("form", { name: "Time stamp authorities" });
    await form.getByRole("button", { name: "Remove" }).click();
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByText("Authorities saved.").waitFor();
  });
});
