import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { checked } from "./browser";
import { chooseLanguage, firstVisit, newStory } from "./story";

let page: Page;

newStory((story) => {
  ({ page } = story);
});

/** One green dot. */
const PICTURE =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

function mail(n: number, from: string, name: string, type: string, base64: string) {
  const text = [
    `From: ${from}`,
    "To: post@ours.example",
    `Subject: Mit Anhang ${n}`,
    `Date: Sat, 21 Nov 2026 10:0${n}:00 +0100`,
    `Message-ID: <media-${n}@kunde.example>`,
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
    base64,
    "--x--",
    "",
  ].join("\r\n");
  return { name: `${n}.eml`, mimeType: "message/rfc822", buffer: Buffer.from(text) };
}

/** A black bar across each page, and no table of contents: readers find the objects by themselves. */
function pdf(pages: number): string {
  const bar = "0 0 0 rg 20 120 260 60 re f";
  const kids = Array.from({ length: pages }, (_, n) => `${n * 2 + 3} 0 R`).join(" ");
  const sheets = Array.from(
    { length: pages },
    (_, n) =>
      `${n * 2 + 3} 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents ${n * 2 + 4} 0 R>> endobj\n` +
      `${n * 2 + 4} 0 obj <</Length ${bar.length}>> stream\n${bar}\nendstream endobj\n`,
  );
  return (
    "%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n" +
    `2 0 obj <</Type/Pages/Kids[${kids}]/Count ${pages}>> endobj\n${sheets.join("")}` +
    "trailer <</Root 1 0 R>>\n%%EOF\n"
  );
}

/** Whether something dark was drawn in the middle. */
const isDrawn = (canvas: HTMLCanvasElement) => {
  const octets = canvas.getContext("2d")?.getImageData(canvas.width / 2, canvas.height * 0.25, 1, 1).data;
  return !canvas.hidden && octets?.[3] === 255 && octets[0] === 0;
};

const items = () => page.getByRole("list", { name: /^(Anhänge|Attachments)$/u }).getByRole("listitem");
const encoded = (text: string) => Buffer.from(text).toString("base64");

// One story; each step builds on those before.
describe("attachments of all mails", () => {
  it("are shown with previews of pictures", async () => {
    await firstVisit(page);
    await page.goto("/imports");
    await page.setInputFiles("input[type=file] >> nth=0", [
      mail(1, "Eva <eva@kunde.example>", "wiese.png", "image/png", PICTURE),
      mail(2, "Tom <tom@firma.example>", "preise.csv", "text/csv", encoded("a;b\n1;2\n")),
      mail(3, "Tom <tom@firma.example>", "setup.exe", "application/octet-stream", "TVqQAAMAAAAEAAAA"),
    ]);
    await page.getByRole("combobox", { name: "In welches Konto?" }).fill("Vertrieb");
    await page.getByRole("button", { name: "Import starten" }).click();
    await page.getByRole("article").first().getByText("Fertig").waitFor();
    await page.goto("/mail/all");
    await page.locator("main").getByRole("listitem").nth(2).waitFor();
    await page.goto("/media");
    await expect.poll(() => items().count()).toBe(3);
    const picture = items().filter({ hasText: "wiese.png" }).locator("img");
    await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1);
    await items().filter({ hasText: "setup.exe" }).getByText("Zurückgehalten").waitFor();
    expect(await page.getByRole("link", { name: "setup.exe herunterladen" }).count()).toBe(0);
    await checked(page, "media");
  });

  it("are shown with previews of PDFs, page by page", async () => {
    await page.goto("/imports");
    await page.setInputFiles("input[type=file] >> nth=0", [
      mail(4, "Tom <tom@firma.example>", "angebot.pdf", "application/pdf", encoded(pdf(2))),
      mail(5, "Tom <tom@firma.example>", "kaputt.pdf", "application/pdf", encoded("%PDF-1.4\nnothing")),
    ]);
    await page.getByRole("combobox", { name: "In welches Konto?" }).fill("Vertrieb");
    await page.getByRole("option", { name: "Vertrieb" }).click();
    await page.getByRole("button", { name: "Import starten" }).click();
    await expect.poll(() => page.getByRole("article").getByText("Fertig").count()).toBe(2);
    await page.goto("/mail/all");
    await page.locator("main").getByRole("listitem").nth(4).waitFor();
    await page.goto("/media");
    await expect.poll(() => items().filter({ hasText: "angebot.pdf" }).locator("canvas").evaluate(isDrawn)).toBe(true);
    await checked(page, "media-pdf");
    await page.getByRole("button", { name: "angebot.pdf ansehen" }).click();
    const viewer = page.getByRole("dialog", { name: "angebot.pdf" });
    await expect.poll(() => viewer.locator("canvas").evaluate(isDrawn)).toBe(true);
    await viewer.getByText("Seite 1 von 2").waitFor();
    await viewer.getByRole("button", { name: "Weiter" }).click();
    await viewer.getByText("Seite 2 von 2").waitFor();
    await viewer.locator("canvas[aria-busy=false]").waitFor();
    expect(await viewer.getByRole("button", { name: "Weiter" }).isDisabled()).toBe(true);
    await checked(page, "media-viewer");
    await viewer.getByRole("button", { name: "Schließen" }).click();
    expect(await items().filter({ hasText: "kaputt.pdf" }).locator("canvas").isVisible()).toBe(false);
    await page.getByRole("button", { name: "kaputt.pdf ansehen" }).click();
    await page.getByText("Diese Datei lässt sich hier nicht darstellen").waitFor();
    await page.getByRole("button", { name: "Schließen" }).click();
    await page.getByRole("button", { name: "wiese.png ansehen" }).click();
    const picture = page.getByRole("dialog").getByRole("img", { name: "wiese.png" });
    await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1);
    await page.getByRole("button", { name: "Schließen" }).click();
  });

  it("are found by kind, sender and name", async () => {
    const filters = page.getByRole("search", { name: "Filter" });
    await filters.getByRole("combobox", { name: "Art" }).click();
    await page.getByRole("option", { name: "Dokumente" }).click();
    await expect.poll(() => items().count()).toBe(1);
    await page.goto("/media");
    await filters.getByLabel("Absender").fill("tom");
    await page.keyboard.press("Enter");
    await expect.poll(() => items().count()).toBe(4);
    await filters.getByText("Liste", { exact: true }).click();
    await page.waitForURL("**list=1**");
    await checked(page, "media-list");
    await filters.getByLabel("Dateiname").fill("gibt es nicht");
    await page.keyboard.press("Enter");
    await page.getByText("Keine Anhänge.").waitFor();
  });

  it("are handed out as one file, those chosen or all", async () => {
    await page.goto("/media");
    await page.getByRole("checkbox", { name: "preise.csv auswählen" }).check();
    const button = page.getByRole("button", { name: "1 Anhang als ZIP" });
    const [chosen] = await Promise.all([page.waitForEvent("download"), button.click()]);
    const text = readFileSync(await chosen.path()).toString("latin1");
    expect(text).toContain("preise.csv");
    expect(text).not.toContain("wiese.png");
    await page.getByRole("button", { name: "Auswahl aufheben" }).click();
    const whole = page.getByRole("button", { name: "Alle als ZIP" });
    const [all] = await Promise.all([page.waitForEvent("download"), whole.click()]);
    const zip = readFileSync(await all.path()).toString("latin1");
    expect(zip).toContain("wiese.png");
    expect(zip).toContain("held-back.txt");
    await page.goto("/audit");
    await page.getByText("Anhänge exportiert aus", { exact: false }).first().waitFor();
  });

  it("lead to their mails, in English, on a phone", async () => {
    await page.goto("/media");
    await chooseLanguage(page, "English");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole("heading", { level: 1, name: "Attachments" }).waitFor();
    await items().first().waitFor();
    await checked(page, "media-phone");
    await page.getByRole("link", { name: "Open mail: wiese.png" }).click();
    await page.getByRole("heading", { name: "Mit Anhang 1" }).waitFor();
  });
});
