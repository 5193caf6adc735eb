import type { Browser, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { axeFindings, openWindow, overflowsSideways, type Window } from "./browser";
import { hostileMail, plainMail } from "./mails";
import type { Server } from "./server";
import { chooseLanguage, fillFirstUser, newStory } from "./story";

const TRAP = "http://outside.test";

let server: Server;
let browser: Browser;
let window: Window;
let page: Page;

newStory((story) => {
  ({ server, browser, window, page } = story);
});

const row = (text: string, of: Page = page) => of.getByRole("listitem").filter({ hasText: text }).getByRole("link");

const reader = (of: Page = page) => of.getByRole("region", { name: "Mail", exact: true });

/** A second window of the same user. */
async function another(options: Parameters<typeof openWindow>[2]): Promise<Window> {
  const storageState = await window.context.storageState();
  return openWindow(browser, server.url, { storageState, ...options });
}

// One story; each step builds on those before.
describe("the page", () => {
  it("leads through the first visit to the sample mails", async () => {
    await page.goto("/");
    await page.waitForURL("**/setup");
    await page.getByRole("heading", { level: 1, name: "Willkommen bei Poststelle" }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByText("English").click();
    await page.getByRole("heading", { name: "Welcome to Poststelle" }).waitFor();
    await page.getByText("Deutsch").click();
    await page.getByRole("button", { name: "Weiter" }).click();

    await page.getByRole("button", { name: "Anlegen und anmelden" }).click();
    expect(await page.getByText("Bitte ausfüllen").count()).toBeGreaterThan(0);
    await fillFirstUser(page);
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "Anlegen und anmelden" }).click();

    await page.getByRole("button", { name: "Mit Beispielmails ausprobieren" }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "Mit Beispielmails ausprobieren" }).click();
    await page.getByRole("heading", { level: 1, name: "Alle Mails" }).waitFor();
    await page.getByRole("listitem").first().waitFor();
    expect(await page.getByRole("listitem").count()).toBeGreaterThan(3);
  });

  it("opens a mail with a key and marks it as read", async () => {
    const first = page.getByRole("list", { name: "Alle Mails" }).getByRole("link").first();
    await page.getByText("Ungelesen:").first().waitFor({ state: "attached" });
    await page.keyboard.press("j");
    await page.waitForURL(/id=/u);
    await page.getByRole("button", { name: "Als ungelesen markieren" }).waitFor();
    await expect.poll(() => first.getByText("Ungelesen:").count()).toBe(0);
    await page.keyboard.press("w");
    await expect.poll(() => page.locator(":focus").textContent()).toContain("Warum diese Art?");
    await page.keyboard.press("u");
    await page.waitForURL((url) => !url.search.includes("id="));
  });

  it("imports files and reports on them", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("m");
    await page.waitForURL("**/imports");
    const file = (name: string, content: string) => ({ name, mimeType: "message/rfc822", buffer: Buffer.from(content) });
    await page.setInputFiles("input[type=file] >> nth=0", [
      file("boese.eml", hostileMail(TRAP)),
      file("katalog.eml", plainMail()),
      file("katalog-kopie.eml", plainMail()),
      { name: "notiz.bin", mimeType: "application/octet-stream", buffer: Buffer.from([0, 1, 2]) },
    ]);
    await page.getByRole("combobox", { name: "In welches Konto?" }).fill("Testpost");
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "Import starten" }).click();
    const report = page.getByRole("article").first();
    await report.getByText("Fertig").waitFor();
    await expect.poll(() => report.getByText("Neu archiviert").locator("xpath=following-sibling::dd").textContent()).toBe("2");
  });

  it("says of every entry what became of it, to be filtered and downloaded", async () => {
    await page.getByRole("article").first().getByRole("link", { name: "Bericht über jeden Eintrag" }).click();
    await page.getByRole("heading", { level: 1, name: "Importbericht" }).waitFor();
    await page.getByText("jeder ihrer Einträge steht einmal hier").waitFor();
    const entries = page.getByRole("list", { name: "Einträge des Imports" }).getByRole("listitem");
    await expect.poll(() => entries.count()).toBe(4);
    const duplicate = entries.filter({ hasText: "Dieselbe wie Testpost / Import katalog" });
    await duplicate.getByText("Schon vorhanden").waitFor();
    expect(await axeFindings(page)).toEqual([]);
    const link = page.getByRole("link", { name: "Als CSV herunterladen" });
    const csv = await page.request.get((await link.getAttribute("href")) ?? "");
    expect(csv.headers()["content-disposition"]).toContain("attachment");
    const rows = (await csv.text()).trim().split("\r\n");
    expect(rows.length).toBe(5);
    expect(rows.filter((line) => line.includes('"failed"') && line.includes("notiz.bin")).length).toBe(1);
    const json = await page.request.get(page.url().replace("/imports/", "/api/v1/imports/") + "/report.json");
    const report = (await json.json()) as { import: { seen: number; complete: boolean }; entries: { outcome: string }[] };
    expect([report.import.seen, report.import.complete, report.entries.length]).toEqual([4, true, 4]);
    await page.getByRole("combobox", { name: "Anzeigen" }).click();
    await page.getByRole("option", { name: "Fehlgeschlagen" }).click();
    await page.waitForURL("**/imports/*?outcome=failed");
    await expect.poll(() => entries.count()).toBe(1);
    await entries.getByText("Das ist keine Mail.").waitFor();
    const phone = await another({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
    await phone.page.goto(new URL(page.url()).pathname);
    await phone.page.getByText("Schon vorhanden").first().waitFor();
    expect(await overflowsSideways(phone.page)).toBe(false);
    expect(await axeFindings(phone.page)).toEqual([]);
    await phone.context.close();
  });

  it("shows a hostile mail without running or loading anything", async () => {
    await page.goto("/mail?q=Zebrafinkenangebot");
    await row("Boese Mail").click();
    const frame = page.frameLocator("iframe");
    await frame.getByText("Zebrafinkenangebot").waitFor();
    await page.getByText("Externe Bilder wurden blockiert.").waitFor();
    const element = page.locator("iframe");
    expect(await element.getAttribute("sandbox")).toBe("allow-same-origin allow-popups allow-popups-to-escape-sandbox");
    expect(await element.getAttribute("srcdoc")).toBeNull();
    await frame.getByText("Klick mich").click({ force: true }).catch(() => undefined);
    await page.waitForLoadState("networkidle");
    expect(await page.evaluate(() => "hacked" in globalThis)).toBe(false);
    expect(await frame.locator("script, iframe, object, embed, form, base, meta[http-equiv], link").count()).toBe(0);
    expect(page.url()).toContain("/mail?q=Zebrafinkenangebot");
    expect(window.watch.outside).toEqual([]);
  });

  it("asks nobody outside for images either; the server does", async () => {
    await page.getByRole("button", { name: "Bilder anzeigen" }).click();
    await page.getByText("Externe Bilder wurden blockiert.").waitFor({ state: "detached" });
    const frame = page.frameLocator("iframe");
    await frame.getByText("Zebrafinkenangebot").waitFor();
    const loaded = (images: (HTMLElement | SVGElement)[]) => images.every((image) => (image as HTMLImageElement).complete);
    await expect.poll(() => frame.locator("img").evaluateAll(loaded), { timeout: 30_000 }).toBe(true);
    expect(window.watch.outside).toEqual([]);
    expect(await page.evaluate(() => "hacked" in globalThis)).toBe(false);
  });

  it("makes the frame as tall as the mail and lets what is wide scroll inside it", async () => {
    const sizes = () =>
      page.locator("iframe").evaluate((element: HTMLIFrameElement) => {
        const inner = element.contentDocument?.documentElement;
        return {
          hidden: (inner?.scrollHeight ?? 0) - element.clientHeight,
          wide: (inner?.scrollWidth ?? 0) > element.clientWidth,
        };
      });
    await expect.poll(async () => (await sizes()).hidden).toBeLessThanOrEqual(0);
    expect((await sizes()).wide).toBe(true);
    expect(await overflowsSideways(page)).toBe(false);
  });

  it("folds quoted text and links addresses in plain mails", async () => {
    await page.goto("/mail?q=Wellensittichkatalog");
    await row("Katalog").click();
    await reader().getByText("der Wellensittichkatalog liegt bei").waitFor();
    expect(await page.getByText("Bitte senden Sie uns den Katalog.").count()).toBe(0);
    await page.getByRole("button", { name: "Zitierten Text zeigen" }).click();
    await page.getByText("Bitte senden Sie uns den Katalog.").waitFor();
    const link = reader().getByRole("link", { name: "https://example.org/katalog" });
    expect(await link.getAttribute("rel")).toBe("noopener noreferrer");
    await page.getByRole("button", { name: "Kopfzeilen und Quelltext" }).click();
    await page.getByRole("dialog").getByText("katalog-1@beispiel.example").waitFor();
    await page.getByRole("tab", { name: "Quelltext" }).click();
    await page.getByRole("dialog").getByText("Content-Transfer-Encoding: base64").waitFor();
    await page.keyboard.press("Escape");
  });

  it("gives the original as it came", async () => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Original herunterladen" }).click(),
    ]);
    const stream = await download.createReadStream();
    const pieces: Buffer[] = [];
    for await (const piece of stream) {
      pieces.push(piece as Buffer);
    }
    expect(Buffer.concat(pieces).toString()).toBe(plainMail());
  });

  it("searches, narrows down and explains what it cannot read", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("example");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/mail?q=example");
    await page.getByRole("heading", { level: 1, name: "Suche" }).waitFor();
    await page.getByRole("list", { name: "Suche" }).getByRole("link").first().waitFor();
    const konto = page.getByRole("button", { name: /^Testpost/u });
    await konto.click();
    await page.waitForURL(/account/u);
    await expect.poll(() => konto.getAttribute("aria-pressed")).toBe("true");
    await page.goto(`/mail?q=${encodeURIComponent("Katalog from:")}`);
    await page.getByRole("alert").or(page.getByRole("status")).filter({ hasText: "from:" }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "Hilfe zur Suche" }).first().click();
    await page.getByRole("dialog").getByText("has:attachment").waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press("Escape");
  });

  it("hands out what a search finds as a file", async () => {
    await page.goto("/mail?q=Katalog");
    await row("Katalog").first().waitFor();
    await page.getByRole("button", { name: "Treffer exportieren" }).click();
    const zip = page.getByRole("menuitem", { name: "ZIP: Mails als Dateien, mit Liste" });
    await zip.waitFor();
    expect(await axeFindings(page)).toEqual([]);
    const download = page.waitForEvent("download");
    await zip.click();
    expect((await download).suggestedFilename()).toMatch(/^mails-\d{8}-\d{6}\.zip$/u);
    await page.getByRole("button", { name: "Treffer exportieren" }).click();
    const href = await page.getByRole("menuitem", { name: "Liste als CSV" }).getAttribute("href");
    const list = await (await page.request.get(href ?? "")).text();
    expect(list).toContain("\"subject\"");
    expect(list).toContain("Katalog");
    await page.keyboard.press("Escape");
  });

  it("understands links of the older form", async () => {
    await page.goto("/?q=(from_email~equals~jonas@beispiel.example)&tab=read&orderby=dmaildate");
    await page.waitForURL((url) => url.searchParams.get("q") === "from:jonas@beispiel.example -is:unread");
    await row("Katalog").waitFor();
  });

  it("switches the language without a reload, and remembers it", async () => {
    await page.evaluate(() => Object.assign(globalThis, { stayed: true }));
    await chooseLanguage(page, "English");
    await page.getByRole("heading", { level: 1, name: "Search" }).waitFor();
    expect(await page.evaluate(() => "stayed" in globalThis)).toBe(true);
    expect(await page.locator("html").getAttribute("lang")).toBe("en");
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Search" }).waitFor();
    await chooseLanguage(page, "Deutsch");
    await page.getByRole("heading", { level: 1, name: "Suche" }).waitFor();
  });

  it("shows its keys, finds pages by name, and is silent while one types", async () => {
    await page.goto("/mail/all");
    await page.getByRole("listitem").first().waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Tastenkürzel" }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").getByPlaceholder("Suchen oder Befehl").fill("Quarant");
    await page.getByRole("dialog").getByText("Quarantäne", { exact: true }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/quarantine");
    await page.getByRole("searchbox").fill("g");
    await page.keyboard.type("ijk?");
    expect(await page.getByRole("searchbox").inputValue()).toBe("gijk?");
    expect(page.url()).toContain("/quarantine");
  });

  it("tests the settings of a mailbox step by step", async () => {
    await page.goto("/settings/accounts/new");
    await page.getByLabel("Mailadresse").fill("anna@127.0.0.1.example");
    await page.getByLabel("Name des Kontos").fill("Anna");
    await page.getByLabel("Server", { exact: true }).fill("127.0.0.1");
    await page.getByLabel("Port").fill("1");
    await page.getByLabel("Anmeldename").fill("anna");
    await page.getByLabel("Kennwort", { exact: true }).fill("geheim");
    await page.getByRole("button", { name: "Einstellungen prüfen" }).click();
    const steps = page.getByRole("list").filter({ hasText: "Servername auflösen" }).getByRole("listitem");
    await steps.nth(1).getByRole("img", { name: "Fehlgeschlagen" }).waitFor();
    await steps.nth(0).getByRole("img", { name: "In Ordnung" }).waitFor();
    await steps.nth(4).getByRole("img", { name: "Nicht geprüft" }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });

  it("keeps others to the accounts they may read", async () => {
    await page.goto("/settings/users");
    await page.getByRole("button", { name: "Benutzer anlegen" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name", { exact: true }).fill("Timo Berg");
    await dialog.getByLabel("Mailadresse").fill("timo@example.org");
    await dialog.getByLabel("Kennwort", { exact: true }).fill("noch ein langes Kennwort");
    expect(await axeFindings(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Anlegen" }).click();
    await page.getByRole("article", { name: "Timo Berg" }).getByText("keines").waitFor();

    const timo = await openWindow(browser, server.url);
    await timo.page.goto("/settings/profile");
    await timo.page.waitForURL("**/login?next=*");
    await timo.page.getByLabel("Mailadresse").fill("timo@example.org");
    await timo.page.getByLabel("Kennwort", { exact: true }).fill("falsches Kennwort");
    await timo.page.getByRole("button", { name: "Anmelden" }).click();
    await timo.page.getByRole("alert").waitFor();
    expect(await axeFindings(timo.page)).toEqual([]);
    await timo.page.getByLabel("Kennwort", { exact: true }).fill("noch ein langes Kennwort");
    await timo.page.getByRole("button", { name: "Anmelden" }).click();
    await timo.page.waitForURL("**/settings/profile");
    await timo.page.goto("/mail/all");
    await timo.page.getByText("Noch sind keine Mails da, die Sie lesen dürfen.").waitFor();
    expect(await timo.page.getByRole("link", { name: "Änderungsprotokoll" }).count()).toBe(0);
    expect(timo.watch).toEqual({ outside: [], troubles: [] });
    await timo.context.close();
  });

  const PAGES = [
    "/mail/all",
    "/mail/bounce",
    "/mail?q=Katalog",
    "/imports",
    "/quarantine",
    "/audit",
    "/settings/profile",
    "/settings/accounts",
    "/settings/accounts/new",
    "/settings/users",
    "/settings/system",
    "/gibt-es-nicht",
  ];

  for (const [name, options] of Object.entries({
    "on a wide screen": {},
    "in the dark": { colorScheme: "dark" as const },
    "on a tablet": { viewport: { width: 900, height: 1100 } },
    "on a phone": { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
  })) {
    it(`has no serious barrier and fits ${name}`, async () => {
      const other = await another(options);
      for (const path of PAGES) {
        await other.page.goto(path);
        await other.page.getByRole("heading", { level: 1 }).first().waitFor();
        await other.page.waitForLoadState("domcontentloaded");
        expect([path, await other.page.getByRole("heading", { level: 1 }).count()]).toEqual([path, 1]);
        expect([path, await axeFindings(other.page)]).toEqual([path, []]);
        expect([path, await overflowsSideways(other.page)]).toEqual([path, false]);
      }
      if (name === "in the dark") {
        expect(await other.page.locator("html").getAttribute("data-mantine-color-scheme")).toBe("dark");
      }
      expect(other.watch).toEqual({ outside: [], troubles: [] });
      await other.context.close();
    });
  }

  it("shows one pane at a time on a phone, with targets for fingers", async () => {
    const phone = await another({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
    await phone.page.goto("/mail/all");
    await row("Boese Mail", phone.page).tap();
    await phone.page.getByRole("heading", { level: 1, name: "Boese Mail" }).waitFor();
    expect(await axeFindings(phone.page)).toEqual([]);
    expect(await overflowsSideways(phone.page)).toBe(false);
    const small = await phone.page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>("button, input, summary, header a")]
        .filter((element) => element.checkVisibility({ visibilityProperty: true }))
        .map((element) => ({ name: element.textContent, box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.height > 0 && box.height < 43.5)
        .map(({ name, box }) => `${name}: ${Math.round(box.height)}`),
    );
    expect(small).toEqual([]);
    await phone.page.getByRole("button", { name: "Zurück zur Liste" }).tap();
    await phone.page.getByRole("heading", { level: 1, name: "Alle Mails" }).waitFor();
    await phone.page.getByRole("button", { name: "Menü öffnen" }).tap();
    await phone.page.getByRole("dialog").getByRole("link", { name: "Importe" }).tap();
    await phone.page.waitForURL("**/imports");
    await phone.page.getByRole("dialog").waitFor({ state: "detached" });
    await phone.context.close();
  });

  it("tells new mail while one looks at the list", async () => {
    await page.goto("/mail/all");
    await page.getByRole("listitem").first().waitFor();
    const other = await another({});
    await other.page.goto("/imports");
    const late = plainMail().replaceAll("katalog-1", "katalog-2").replace("Subject: Katalog", "Subject: Nachzuegler");
    await other.page.setInputFiles("input[type=file] >> nth=0", [
      { name: "spaet.eml", mimeType: "message/rfc822", buffer: Buffer.from(late) },
    ]);
    await other.page.getByRole("button", { name: "Import starten" }).click();
    await row("Nachzuegler").waitFor();
    await other.context.close();
  });

  it("says so when the server is gone, keeps what it shows, and goes on when it is back", async () => {
    await page.goto("/mail/all");
    await row("Katalog").first().waitFor();
    await server.stop();
    await page.getByRole("status").filter({ hasText: "Der Server antwortet nicht" }).waitFor();
    expect(await page.getByRole("listitem").count()).toBeGreaterThan(3);
    await server.start();
    await page.getByRole("status").filter({ hasText: "Der Server antwortet nicht" }).waitFor({ state: "detached" });
    await row("Nachzuegler").click();
    await reader().getByText("der Wellensittichkatalog liegt bei").waitFor();
  });

  it("logs out and forgets what was shown", async () => {
    await page.getByRole("button", { name: /Benutzermenü/u }).click();
    await page.getByRole("menuitem", { name: "Abmelden" }).click();
    await page.waitForURL("**/login");
    await page.goBack();
    await page.waitForURL((url) => url.pathname === "/login" && url.searchParams.has("next"));
    await page.getByRole("heading", { level: 1, name: "Anmelden" }).waitFor();
    expect(await page.getByText("Wellensittichkatalog").count()).toBe(0);
  });

  it("met no trouble on the way", () => {
    expect(window.watch.outside).toEqual([]);
    expect(window.watch.troubles).toEqual([]);
  });
});
