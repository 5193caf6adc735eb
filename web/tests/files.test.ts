import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, it } from "vitest";
import { checked } from "./browser";
import { chooseLanguage, firstVisit, newStory } from "./story";

let page: Page;
const folder = mkdtempSync(join(tmpdir(), "poststelle-files-"));

newStory((story) => {
  ({ page } = story);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const encoded = (text: string) => Buffer.from(text).toString("base64");

function mail(n: number, name: string, type: string, content: string) {
  const text = [
    "From: Eva <eva@kunde.example>",
    "To: post@ours.example",
    `Subject: Angebot ${n}`,
    `Date: Sat, 21 Nov 2026 10:0${n}:00 +0100`,
    `Message-ID: <files-${n}@kunde.example>`,
    "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary=x",
    "",
    "--x",
    "Content-Type: text/plain",
    "",
    "Anbei.",
    "--x",
    `Content-Type: ${type}; name="${name}"`,
    `Content-Disposition: attachment; filename="${name}"`,
    "Content-Transfer-Encoding: base64",
    "",
    content,
    "--x--",
    "",
  ].join("\r\n");
  return { name: `${n}.eml`, mimeType: "message/rfc822", buffer: Buffer.from(text) };
}

// One story; each step builds on those before.
describe("attachments as files", () => {
  it("are off, and show where they would go", async () => {
    await firstVisit(page);
    await page.goto("/imports");
    await page.setInputFiles("input[type=file] >> nth=0", [
      mail(1, "Preise 2027.csv", "text/csv", encoded("a;b\n1;2\n")),
      mail(2, "setup.exe", "application/octet-stream", "TVqQAAMAAAAEAAAA"),
    ]);
    await page.getByRole("combobox", { name: "In welches Konto?" }).fill("Vertrieb");
    await page.getByRole("button", { name: "Import starten" }).click();
    await page.getByRole("article").first().getByText("Fertig").waitFor();
    await page.goto("/settings/profile");
    await page.getByRole("link", { name: "Anhänge als Dateien" }).click();
    await page.waitForURL("**/settings/files");
    await page.getByText("Ausgeschaltet: Es werden keine Anhänge").waitFor();
    await page.getByRole("button", { name: "{type} einfügen" }).click();
    await page.getByText("2026/11/kunde.example/Dokumente/Preise 2027.csv").waitFor();
    await checked(page, "files-off");
  });

  it("are not written by settings that cannot be", async () => {
    await page.getByLabel("Pfad darin").fill("{jahr}/{name}");
    await page.getByText("„jahr“ gibt es nicht.").first().waitFor();
    await page.getByLabel("Pfad darin").fill("{year}/{month}");
    await page.getByText("Der letzte Teil des Musters muss").first().waitFor();
    await page.getByLabel("Pfad darin").fill("{year}/{contact}/{type}/{name}");
    await page.getByText("2026/kunde.example/Dokumente/Preise 2027.csv").waitFor();
    await page.getByLabel("Anhänge als Dateien ablegen").check();
    await page.getByLabel("Ordner auf dem Server").fill("/");
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Der Ordner darf nicht das Datenverzeichnis").first().waitFor();
    await checked(page, "files-refused");
  });

  it("are written, held ones not", async () => {
    await page.getByLabel("Ordner auf dem Server").fill(join(folder, "Anhänge"));
    await page.getByLabel("Auch alle, die schon hier sind").check();
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Alle Anhänge, die Dateien werden sollen, sind geschrieben.").waitFor({ timeout: 30_000 });
    const path = join(folder, "Anhänge/2026/kunde.example/Dokumente/Preise 2027.csv");
    await expect.poll(() => existsSync(path)).toBe(true);
    expect(readFileSync(path, "utf8")).toBe("a;b\n1;2\n");
    expect(existsSync(join(folder, "Anhänge/2026/kunde.example/Sonstiges/setup.exe"))).toBe(false);
    await page.reload();
    await page.getByRole("combobox", { name: "Zeige" }).click();
    await page.getByRole("option", { name: "Geschrieben (1)" }).click();
    await page.getByRole("link", { name: "2026/kunde.example/Dokumente/Preise 2027.csv" }).last().waitFor();
    await checked(page, "files-written");
    rmSync(path);
    await page.getByRole("button", { name: "Fehlende neu schreiben" }).click();
    await expect.poll(() => existsSync(path), { timeout: 30_000 }).toBe(true);
  });

  it("are there on a phone and in English", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await checked(page, "files-phone");
    await page.setViewportSize({ width: 1440, height: 900 });
    await chooseLanguage(page, "English");
    await page.getByText("All attachments that are to be files are written.").waitFor();
    await checked(page, "files-en");
  });
});
