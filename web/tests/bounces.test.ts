import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { axeFindings, overflowsSideways, type Window } from "./browser";
import { bounceMail, sentMail } from "./mails";
import type { Server } from "./server";
import { firstVisit, newStory } from "./story";

const TOM = "tom@verein.example";

let server: Server;
let window: Window;
let page: Page;

newStory((story) => {
  ({ server, window, page } = story);
});

const file = (name: string, content: string) => ({ name, mimeType: "message/rfc822", buffer: Buffer.from(content) });

/** A change through the interface of the server, as the signed-in user. */
async function change(path: string, alter: (now: Record<string, Record<string, unknown>>) => void): Promise<void> {
  const now = (await (await page.request.get(path)).json()) as Record<string, Record<string, unknown>>;
  alter(now);
  const answer = await page.request.put(path, { data: now, headers: { Origin: server.url } });
  expect(answer.ok(), await answer.text()).toBe(true);
}

// One story; each step builds on those before.
describe("bounce management", () => {
  it("counts bounces of imported mail where that is asked for", async () => {
    await firstVisit(page);
    await change("/api/v1/bounces/rules", (rules) => Object.assign(rules["settings"] ?? {}, { count_imported: true }));
    await page.goto("/imports");
    const mails = [1, 2, 3].flatMap((n) => [
      file(`rundbrief-${n}.eml`, sentMail(TOM, n)),
      file(`rücklauf-${n}.eml`, bounceMail(TOM, n)),
    ]);
    await page.setInputFiles("input[type=file] >> nth=0", [
      ...mails,
      file("fremd.eml", bounceMail("lost@anderswo.example", 99)),
    ]);
    await page.getByRole("combobox", { name: "In welches Konto?" }).fill("Vereinspost");
    await page.getByRole("button", { name: "Import starten" }).click();
    await page.getByRole("article").first().getByText("Fertig").waitFor();
  });

  it("shows the address that bounces, its state and its history", async () => {
    const tom = page.getByRole("list", { name: "Adressen" }).getByRole("link").filter({ hasText: TOM });
    await expect
      .poll(
        async () => {
          await page.goto("/bounces/addresses");
          await page.getByRole("heading", { level: 1, name: "Adressen" }).waitFor();
          return tom.getByText("Fehlerhaft").count();
        },
        { timeout: 30_000, interval: 500 },
      )
      .toBe(1);
    expect(await axeFindings(page)).toEqual([]);
    await tom.click();
    await page.getByRole("heading", { level: 1, name: TOM }).waitFor();
    await page.getByText("Mehrere Rückläufer zu verschiedenen Mails").waitFor();
    const events = page.getByRole("listitem").filter({ hasText: "Nicht zugestellt" });
    expect(await events.count()).toBe(3);
    await events.first().getByText("Belege").click();
    await events.first().getByText("Nennt die Mail mit ihrer Kennung").waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });

  it("finds an address by a part of it and names its contact", async () => {
    await server.importContacts(`number,name,active,email\nK-7,Tom Meier,yes,${TOM}\n`);
    await page.goto("/bounces/addresses");
    const field = page.getByRole("searchbox", { name: "Adresse suchen" });
    const rows = page.getByRole("list", { name: "Adressen", exact: true }).getByRole("link");
    await field.fill("gibtesnicht@verein.example");
    await page.keyboard.press("Enter");
    await page.getByText("Keine Adresse beginnt so").waitFor();
    await page.getByRole("link", { name: "Seite von gibtesnicht@verein.example öffnen" }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await field.fill("Verein.ex");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/bounces/addresses?q=Verein.ex");
    await rows.filter({ hasText: "Kontakt: Tom Meier (K-7)" }).waitFor();
    expect(await rows.allTextContents()).toHaveLength(1);
    await page.reload();
    await rows.filter({ hasText: TOM }).waitFor();
    expect(await field.inputValue()).toBe("Verein.ex");
    expect(await axeFindings(page)).toEqual([]);
  });

  it("shows rates beside numbers, and what nobody knows", async () => {
    await page.goto("/bounces?days=365");
    const tile = (name: string) => page.locator("dl > div").filter({ has: page.getByText(name, { exact: true }) });
    await tile("Davon dauerhaft").getByText("100 %").waitFor();
    await tile("Betroffene Adressen").getByText("1 · 100 %").waitFor();
    await tile("Rückläuferquote").getByText("unbekannt").waitFor();
    const domains = page.getByRole("row").filter({ hasText: "verein.example" });
    const cells = (await domains.getByRole("cell").allTextContents()).map((text) => text.replaceAll("\u00a0", " "));
    expect(cells).toEqual(["verein.example", "", "3", "75 %", "100 %", "1"]);
    expect(await axeFindings(page)).toEqual([]);
  });

  it("finds the address by its deep link, and from the page of its contact", async () => {
    await page.goto("/contact?email=lost@anderswo.example");
    await page.getByRole("heading", { level: 1, name: "lost@anderswo.example" }).waitFor();
    await page.goto(`/contact?email=${TOM}`);
    await page.waitForURL("**/record/contact/K-7");
    await page.getByRole("link", { name: TOM }).click();
    await page.getByRole("heading", { level: 1, name: TOM }).waitFor();
  });

  it("blocks and clears by hand", async () => {
    await page.getByRole("button", { name: "Sperren" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Anmerkung").fill("Hat angerufen");
    expect(await axeFindings(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Sperren" }).click();
    await page.getByText("Von Hand gesperrt").first().waitFor();
    await page.getByText("Hat angerufen").waitFor();
    await page.getByRole("button", { name: "Zurücksetzen" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Zurücksetzen" }).click();
    await page.getByRole("article", { name: "Überall" }).getByText("In Ordnung", { exact: true }).waitFor();
  });

  it("lets a person say what a report is about", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("h");
    await page.waitForURL("**/bounces/manual");
    await page.getByRole("button", { name: "Es geht um lost@anderswo.example" }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "Es geht um lost@anderswo.example" }).click();
    await page.getByText("Nichts wartet auf Sie.").waitFor();
  });

  it("asks before rules stop mail to everybody", async () => {
    await page.goto("/bounces/rules");
    await page.getByRole("button", { name: "Regel hinzufügen" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("Alles stoppen");
    await dialog.getByLabel("So oft, zu verschiedenen Mails").fill("1");
    await dialog.getByRole("button", { name: "Übernehmen" }).click();
    expect(await page.getByRole("button", { name: "Speichern" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Probelauf" }).click();
    await page.getByRole("list", { name: "Neu gesperrte Adressen" }).getByText("lost@anderswo.example").waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Trotzdem speichern" }).click();
    await page.getByText("Die Regeln sind gespeichert und gelten.").waitFor();
  });

  it("shows who would be free again before a rule goes", async () => {
    await page.getByRole("button", { name: "Regel Alles stoppen entfernen" }).click();
    const days = page.getByLabel("Über die letzten Tage");
    await days.fill("0");
    expect(await page.getByRole("button", { name: "Probelauf" }).isDisabled()).toBe(true);
    await days.fill("45");
    await page.getByRole("button", { name: "Probelauf" }).click();
    const freed = page.getByRole("list", { name: "Wieder freie Adressen" });
    await freed.getByText("bisher gesperrt durch die Regel „Alles stoppen“").first().waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "Verwerfen" }).click();
  });

  it("puts a tag on a mail, shows it in list and reader, and finds it", async () => {
    await page.goto("/mail/all");
    const first = page.locator("a[data-index='0']");
    await first.click();
    await page.getByRole("button", { name: "Schlagwörter ändern" }).click();
    await page.getByRole("dialog").locator("input:not([type=hidden])").first().fill("Dringend");
    await page.keyboard.press("Enter");
    const link = page.getByRole("link", { name: "Dringend", exact: true });
    await link.waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await first.getByText("Dringend").waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.goto("/settings/tags");
    const row = page.getByRole("form", { name: "Dringend" });
    await row.getByRole("combobox", { name: "Farbe" }).click();
    await page.getByRole("option", { name: "Violett" }).click();
    await row.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("„Dringend“ gespeichert").waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.goto("/mail/all");
    await first.click();
    await link.click();
    await page.waitForURL("**/mail?q=tag*");
    const total = async () => {
      const answer = await page.request.get("/api/v1/search?q=tag:dringend");
      return ((await answer.json()) as { total: number }).total;
    };
    await expect.poll(total, { timeout: 30_000, interval: 500 }).toBe(1);
    await first.getByText("Dringend").waitFor();
  });

  it("shows only the mails with a tag", async () => {
    await page.goto("/mail/all");
    const first = page.locator("a[data-index='0']");
    await first.click();
    await expect.poll(() => first.getByText("Ungelesen:").count(), { timeout: 15_000 }).toBe(0);
    await page.goto("/mail/all");
    const heading = page.getByRole("heading", { level: 1 }).locator("..");
    await page.getByRole("combobox", { name: "Schlagwort" }).click();
    await page.getByRole("option", { name: "Dringend" }).click();
    await page.waitForURL("**/mail/all?tag=*");
    await heading.getByText("1 Mail", { exact: true }).waitFor();
    await page.locator("a[data-index='0']").getByText("Dringend").waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByText("Ungelesen", { exact: true }).click();
    await page.getByText("Keine Mail hier hat dieses Schlagwort.").waitFor();
    await page.getByRole("link", { name: "Alle Mails zeigen" }).click();
    await page.waitForURL((url) => url.search === "");
    await page.locator("a[data-index='1']").waitFor();
  });

  it("says what is to happen in a mailbox before anything does", async () => {
    await page.goto("/settings/accounts/new");
    await page.getByText("Was im Postfach geschieht").click();
    await page.getByRole("combobox", { name: "Bearbeitete Rückläufer" }).click();
    await page.getByRole("option", { name: "Löschen" }).click();
    await page.getByText("wenn jede Meldung darin sicher eine eigene Mail nennt").waitFor();
    await page.getByRole("combobox", { name: "Bearbeitete Rückläufer" }).click();
    await page.getByRole("option", { name: "In einen Ordner verschieben" }).click();
    await page.getByLabel("Ordner für bearbeitete Rückläufer").fill(" ");
    await page.getByRole("button", { name: "Konto anlegen" }).click();
    await page.getByText("Nennen Sie den Ordner").waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });

  it("fits a phone", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    const bounces = ["", "/addresses", "/manual", "/rules", "/lists", "/suppression"].map((path) => `/bounces${path}`);
    for (const path of [...bounces, "/settings/tags", "/settings/accounts/new"]) {
      await page.goto(path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("networkidle");
      expect(await overflowsSideways(page), path).toBe(false);
      expect(await axeFindings(page), path).toEqual([]);
    }
    expect(window.watch.troubles).toEqual([]);
    expect(window.watch.outside).toEqual([]);
  });
});
