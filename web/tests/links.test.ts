import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { checked, type Window } from "./browser";
import { letter } from "./mails";
import type { Server } from "./server";
import { chooseLanguage, firstVisit, newStory } from "./story";

let server: Server;
let window: Window;
let page: Page;

newStory((story) => {
  ({ server, window, page } = story);
});

const CONTACTS = [
  "number,name,active,email,Ort",
  "K-1,Eva Kunde,yes,eva@kunde.example,Kassel",
  "K-2,Laden Nord,yes,laden@kette.example,Kiel",
  "K-3,Laden Süd,yes,laden@kette.example,Ulm",
].join("\n");

const file = (name: string, content: string) => ({ name, mimeType: "message/rfc822", buffer: Buffer.from(content) });
const column = () => page.getByRole("complementary", { name: "Zuordnung und technische Angaben" });
const dialog = () => page.getByRole("dialog");
const group = (name: string) => page.getByRole("button", { name: new RegExp(`^${name}`, "u") });
const waiting = () => page.getByRole("list", { name: "Importliste" }).getByRole("listitem");

/** Chooses a record in the open dialog by what is typed. */
async function pick(typed: string, option: RegExp, label = "Bestellung, Angebot, Kontakt oder Artikel"): Promise<void> {
  await dialog().getByRole("combobox", { name: label }).fill(typed);
  await page.getByRole("option", { name: option }).click();
}

/** Opens the mail with this subject beside its column. */
async function open(subject: string): Promise<void> {
  await page.goto("/mail/all");
  await page.getByRole("link").filter({ hasText: subject }).first().click();
  await page.getByRole("heading", { name: subject }).waitFor();
}

// One story; each step builds on those before.
describe("links", () => {
  it("are set when mail comes", async () => {
    await firstVisit(page);
    await server.importContacts(`${CONTACTS}\n`);
    await page.goto("/imports");
    await page.setInputFiles("input[type=file] >> nth=0", [
      file("1.eml", letter("Eva Kunde <eva@kunde.example>", "Frage zur Lieferung", "l-1@kunde.example", "Wann kommt sie?")),
      file("2.eml", letter("Laden <laden@kette.example>", "Nachbestellung", "l-2@kette.example", "Bitte noch drei.")),
      file("3.eml", letter("Laden <laden@kette.example>", "Reklamation", "l-3@kette.example", "Es ist zerbrochen.")),
      file("4.eml", letter("Fremd <neu@fremd.example>", "Erste Anfrage", "l-4@fremd.example", "Haben Sie Zeit?")),
    ]);
    await page.getByRole("combobox", { name: "In welches Konto?" }).fill("Vertrieb");
    await page.getByRole("button", { name: "Import starten" }).click();
    await page.getByRole("article").first().getByText("Fertig").waitFor();
    await open("Frage zur Lieferung");
    await column().getByRole("link", { name: "Kontakt K-1" }).waitFor();
    await column().getByText("Eva Kunde").waitFor();
    await column().getByText("Kassel").waitFor();
    await column().getByText("Kontakt der Adresse").waitFor();
    await checked(page, "links-column");
  });

  it("say why", async () => {
    await column().getByRole("button", { name: "Warum?" }).click();
    await dialog().getByText("Kontakt über Adressen in Von, An und Cc").waitFor();
    await dialog().getByText("Gefunden: K-1.").waitFor();
    await checked(page, "links-why");
    await page.keyboard.press("Escape");
    await dialog().waitFor({ state: "hidden" });
  });

  it("are removed, and come back with an undo", async () => {
    await column().getByRole("button", { name: "Kontakt K-1 entfernen" }).click();
    await dialog().getByRole("radio", { name: "Im ganzen Verlauf" }).check();
    await checked(page, "links-remove");
    await dialog().getByRole("button", { name: "Entfernen", exact: true }).click();
    await column().getByText("Keine Zuordnung").waitFor();
    await column().getByText("Von einer Person entfernt: Kontakt K-1").waitFor();
    await page.getByRole("button", { name: "Rückgängig" }).click();
    await column().getByRole("link", { name: "Kontakt K-1" }).waitFor();
    await column().getByText("Kontakt der Adresse").waitFor();
  });

  it("are added by a search", async () => {
    await page.keyboard.press("Shift+L");
    await pick("lad", /K-3/u);
    await checked(page, "links-add");
    await dialog().getByRole("button", { name: "Zuordnen", exact: true }).click();
    await column().getByRole("link", { name: "Kontakt K-3" }).waitFor();
    await column().getByText("Von Hand zugeordnet, Mara Vogt").waitFor();
    await page.keyboard.press("z");
    await column().getByRole("link", { name: "Kontakt K-3" }).waitFor({ state: "hidden" });
  });

  it("hand the sender of a stranger's mail to the ERP", async () => {
    await open("Erste Anfrage");
    await column().getByText("Unbekannter Absender").waitFor();
    await column().getByRole("button", { name: "Neuer Kontakt" }).click();
    expect(await dialog().getByLabel("Name").inputValue()).toBe("Fremd");
    await checked(page, "links-contact");
    await dialog().getByRole("button", { name: "An das ERP übergeben" }).click();
    await page.getByText("Der Kontakt wurde an das ERP übergeben.").waitFor();
  });
});

describe("the import list", () => {
  it("groups by reason and works by keyboard", async () => {
    await page.goto("/mail/all");
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("l");
    await page.waitForURL("**/import-list");
    await group("Mehrere Kontakte").click();
    await expect.poll(() => waiting().count()).toBe(2);
    await waiting().first().getByText("Vielleicht Kontakt K-2").waitFor();
    await checked(page, "import-list");
    for (const key of ["j", "x", "j", "x"]) {
      await page.keyboard.press(key);
    }
    await page.getByText("2 Mails ausgewählt").waitFor();
    await page.keyboard.press("Shift+L");
    await pick("K-2", /Laden Nord/u);
    await dialog().getByRole("button", { name: "Zuordnen", exact: true }).click();
    await page.getByText("K-2 bei 2 Mails zugeordnet.").waitFor();
    await expect.poll(() => waiting().count()).toBe(0);
    await page.keyboard.press("z");
    await expect.poll(() => waiting().count()).toBe(2);
  });

  it("takes suggestions and what needs no link", async () => {
    await waiting().first().getByRole("button", { name: "Kontakt K-2 zuordnen" }).click();
    await expect.poll(() => waiting().count()).toBe(1);
    await group("Kein Treffer").click();
    await waiting().filter({ hasText: "Erste Anfrage" }).getByRole("button", { name: "Braucht keine" }).click();
    await page.getByText("Mail braucht keine Zuordnung.").waitFor();
    await page.getByText("Hier wartet nichts.").waitFor();
  });

  it("shows how linking does", async () => {
    await page.getByRole("link", { name: "Auswertung der Zuordnung" }).click();
    const tile = (name: string) => page.locator("dl > div").filter({ has: page.getByText(name, { exact: true }) });
    await tile("Selbst zugeordnet").getByText("1 · 25 %").waitFor();
    await tile("Von Hand zugeordnet").getByText("1 · 25 %").waitFor();
    await tile("Braucht keine").getByText("1 · 25 %").waitFor();
    await page.getByRole("row").filter({ hasText: "Kontakt der Adresse" }).waitFor();
    await checked(page, "link-statistics");
  });
});

describe("the page of a record", () => {
  it("is found by the address of a contact and lists its mails", async () => {
    await page.goto("/contact?email=eva@kunde.example");
    await page.waitForURL("**/record/contact/K-1");
    await page.getByRole("heading", { level: 1, name: "Kontakt K-1" }).waitFor();
    const mails = page.getByRole("region", { name: "Mails" });
    await mails.getByRole("link", { name: "Frage zur Lieferung" }).waitFor();
    await checked(page, "record");
    await page.getByLabel("Im Betreff").fill("gibt es nicht");
    await mails.getByText("Keine Mail passt dazu.").waitFor();
    await page.getByLabel("Im Betreff").fill("LIEFERUNG");
    await mails.getByRole("link", { name: "Frage zur Lieferung" }).waitFor();
    const link = await mails.getByRole("link", { name: "Als CSV" }).getAttribute("href");
    const csv = await (await page.request.get(link ?? "")).text();
    expect(csv.split("\r\n").filter((line) => line.includes("Frage zur Lieferung"))).toHaveLength(1);
  });

  it("says when there is none", async () => {
    await page.goto("/record/order/gibtesnicht");
    await page.getByText("Diesen Datensatz gibt es nicht.").waitFor();
  });
});

describe("settings of links", () => {
  it("keep addresses out of linking", async () => {
    await page.goto("/settings/blocklist");
    const form = page.getByRole("form", { name: "Aufnehmen" });
    await form.getByLabel("Adresse oder Domain").fill("kein eintrag");
    await form.getByRole("button", { name: "Aufnehmen" }).click();
    await form.getByText("keine Mailadresse und keine Domain").waitFor();
    await form.getByLabel("Adresse oder Domain").fill("Marktplatz.example");
    await form.getByRole("button", { name: "Aufnehmen" }).click();
    await page.getByRole("row").filter({ hasText: "marktplatz.example" }).waitFor();
    await checked(page, "blocklist");
    await page.getByRole("button", { name: "marktplatz.example entfernen" }).click();
    await page.getByText("Noch keine Einträge.").waitFor();
  });

  it("refuse jump links that run something, and show the others beside a mail", async () => {
    await page.goto("/settings/links");
    await page.getByLabel("Name").fill("Kundenakte");
    await page.getByLabel("Adresse").fill("javascript:alert('#NAME#')");
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Diese Adresse ist nicht erlaubt").first().waitFor();
    await checked(page, "jumps");
    await page.getByLabel("Adresse").fill("https://erp.example/kunden/#CONTACT#?mail=#EMAIL#");
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Absprünge gespeichert.").waitFor();
    await open("Frage zur Lieferung");
    const jump = column().getByRole("link", { name: "Kundenakte" });
    expect(await jump.getAttribute("href")).toBe("https://erp.example/kunden/K-1?mail=eva%40kunde.example");
  });
});

describe("the pages of links", () => {
  it("speak English, in the dark", async () => {
    await chooseLanguage(page, "English");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.goto("/import-list");
    await page.getByRole("heading", { level: 1, name: "Import list" }).waitFor();
    await page.getByRole("button", { name: /^Several contacts/u }).click();
    await page.getByRole("button", { name: "Link with Contact K-3" }).waitFor();
    await checked(page, "import-list-en");
    await page.goto("/record/contact/K-1");
    await page.getByText("Communication:").waitFor();
    await page.getByRole("link", { name: "Frage zur Lieferung" }).waitFor();
    await checked(page, "record-en");
  });

  it("fit a phone", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto("/import-list");
    await page.getByRole("button", { name: /^Several contacts/u }).click();
    await page.getByRole("button", { name: "Link with Contact K-3" }).waitFor();
    await checked(page, "import-list-phone");
    await page.goto("/record/contact/K-1");
    await page.getByRole("link", { name: "Frage zur Lieferung" }).click();
    await page.getByText("Links and technical facts").click();
    await page.getByRole("link", { name: "Contact K-1" }).waitFor();
    await checked(page, "links-column-phone");
    await page.goto("/import-list/statistics");
    await page.getByRole("heading", { level: 1, name: "How linking does" }).waitFor();
    await page.getByRole("row").filter({ hasText: "Contact of the address" }).waitFor();
    await checked(page, "link-statistics-phone");
    expect(window.watch.troubles).toEqual([]);
    expect(window.watch.outside).toEqual([]);
  });
});
