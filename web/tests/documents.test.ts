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

const PRIVATE = "eva.privat@anders.example";
const file = (name: string, content: string) => ({ name, mimeType: "message/rfc822", buffer: Buffer.from(content) });
const answering = (id: string, mail: string) => mail.replace("\r\n\r\n", `\r\nIn-Reply-To: <${id}>\r\n\r\n`);
const column = () => page.getByRole("complementary", { name: "Zuordnung und technische Angaben" });
const dialog = () => page.getByRole("dialog");
const mails = () => page.getByRole("region", { name: "Mails" });

/** Opens the mail with this subject beside its column. */
async function open(subject: string): Promise<void> {
  await page.goto("/mail/all");
  await page.getByRole("link").filter({ hasText: subject }).first().click();
  await page.getByRole("heading", { name: subject }).waitFor();
}

// One story; each step builds on those before.
describe("an order", () => {
  it("stands beside its mail, with customer, quote and item", async () => {
    await firstVisit(page);
    await server.importContacts("number,name,email\nK-1,Eva Kunde,eva@kunde.example\n");
    await server.importRecords("quote", "number,contact,state\nA-7,K-1,angenommen\n");
    await server.importRecords("item", "number,name\nS-1,Stuhl\n");
    await server.importRecords(
      "order",
      "number,contact,date,state,quote,items,Betrag\nB-2026-00001,K-1,2026-03-01,offen,A-7,S-1,\"1.200,00\"\n",
    );
    const first = letter("Eva Kunde <eva@kunde.example>", "Wo bleibt sie?", "d-1@kunde.example", "Die Lieferung fehlt.");
    const second = letter(`Eva <${PRIVATE}>`, "AW: Rückfrage", "d-2@anders.example", "Auch B-2026-00099 fehlt.");
    await page.goto("/imports");
    await page.setInputFiles("input[type=file] >> nth=0", [
      file("1.eml", first),
      file("2.eml", answering("d-1@kunde.example", second)),
    ]);
    await page.getByRole("combobox", { name: "In welches Konto?" }).fill("Vertrieb");
    await page.getByRole("button", { name: "Import starten" }).click();
    await page.getByRole("article").first().getByText("Fertig").waitFor();
    await open("Wo bleibt sie?");
    for (const record of ["Bestellung B-2026-00001", "Kontakt K-1", "Angebot A-7", "Artikel S-1"]) {
      await column().getByRole("link", { name: record }).waitFor();
    }
    await column().getByText("1.200,00").waitFor();
    await column().getByText("offen", { exact: true }).waitFor();
    await checked(page, "order-column");
  });
});

describe("addresses of a contact", () => {
  it("are proposed from an answer, confirmed, and shown as added here", async () => {
    await page.goto("/settings/contact-addresses");
    await page.getByRole("link", { name: PRIVATE }).waitFor();
    await page.getByText("Vielleicht eigene Adresse").waitFor();
    await checked(page, "contact-addresses");
    await page.getByRole("button", { name: `${PRIVATE} bestätigen` }).click();
    await page.getByText("Keine Vorschläge offen.").waitFor();
    await page.getByRole("button", { name: "Rückgängig" }).click();
    await page.getByRole("button", { name: `${PRIVATE} bestätigen` }).click();
    await page.getByText("Keine Vorschläge offen.").waitFor();
    await page.goto("/record/contact/K-1");
    const added = page.getByRole("region", { name: "Hier hinzugefügte Adressen" });
    await added.getByText("Hier hinzugefügt", { exact: true }).waitFor();
    await added.getByLabel("Adresse", { exact: true }).fill("sekretariat@kunde.example");
    await added.getByRole("button", { name: "Adresse hinzufügen" }).click();
    await added.getByRole("link", { name: "sekretariat@kunde.example" }).waitFor();
    await checked(page, "contact-added");
  });
});

describe("folders", () => {
  it("are defined", async () => {
    await page.goto("/settings/folders");
    await page.getByText("Noch keine Ordner.").waitFor();
    const form = page.getByRole("form", { name: "Neuer Ordner" });
    await form.getByLabel("Name").fill("Reklamationen");
    await form.getByRole("button", { name: "Anlegen" }).click();
    await page.getByRole("button", { name: "Reklamationen umbenennen" }).waitFor();
    await form.getByRole("combobox", { name: "Liegt in" }).click();
    await page.getByRole("option", { name: "Reklamationen" }).click();
    await form.getByLabel("Name").fill("2026");
    await form.getByRole("button", { name: "Anlegen" }).click();
    await page.getByRole("button", { name: "Reklamationen / 2026 umbenennen" }).waitFor();
    await page.getByRole("button", { name: "Reklamationen entfernen" }).click();
    await page.getByText("In diesem Ordner liegt noch etwas.").waitFor();
    await checked(page, "folders");
  });

  it("take a mail in, and the record shows what lies in them", async () => {
    await open("Wo bleibt sie?");
    await column().getByRole("button", { name: "Unter Bestellung B-2026-00001 ablegen" }).click();
    await dialog().getByRole("checkbox", { name: "Reklamationen / 2026" }).click();
    await expect.poll(() => dialog().getByRole("checkbox", { name: "Reklamationen / 2026" }).isChecked()).toBe(true);
    await checked(page, "file-dialog");
    await page.keyboard.press("Escape");
    await dialog().waitFor({ state: "hidden" });
    await page.goto("/record/order/B-2026-00001");
    await mails().getByRole("link", { name: "AW: Rückfrage" }).waitFor();
    await page.getByRole("combobox", { name: "Ordner" }).click();
    await page.getByRole("option", { name: "Reklamationen", exact: true }).click();
    await mails().getByRole("link", { name: "AW: Rückfrage" }).waitFor({ state: "hidden" });
    await mails().getByRole("link", { name: "Wo bleibt sie?" }).waitFor();
    const link = await mails().getByRole("link", { name: "Als ZIP" }).getAttribute("href");
    const zip = await (await page.request.get(link ?? "")).body();
    expect(zip.subarray(0, 2).toString()).toBe("PK");
    await checked(page, "record-folder");
  });
});

describe("masks of numbers", () => {
  it("are learnt, confirmed, and point at numbers that are not known", async () => {
    await page.goto("/settings/linking");
    const mask = page.getByRole("checkbox", { name: "B-dddd-ddddd" });
    await mask.check();
    await checked(page, "masks");
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Zuordnungsregeln gespeichert.").waitFor();
    await open("AW: Rückfrage");
    await column().getByText("ist aber nicht bekannt: Bestellung B-2026-00099").waitFor();
  });
});

describe("these pages", () => {
  it("speak English and fit a phone", async () => {
    await chooseLanguage(page, "English");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto("/settings/contact-addresses");
    await page.getByText("No open proposals.").waitFor();
    await page.getByText("Confirmed", { exact: true }).click();
    await page.getByRole("link", { name: PRIVATE }).waitFor();
    await checked(page, "contact-addresses-phone");
    await page.goto("/settings/folders");
    await page.getByRole("button", { name: "Rename Reklamationen / 2026" }).waitFor();
    await checked(page, "folders-phone");
    await page.goto("/settings/linking");
    await page.getByRole("checkbox", { name: "B-dddd-ddddd" }).waitFor();
    await checked(page, "masks-phone");
    await page.goto("/record/order/B-2026-00001");
    await page.getByRole("link", { name: "Wo bleibt sie?", exact: true }).click();
    await page.getByText("Links and technical facts").click();
    for (const record of ["Order B-2026-00001", "Contact K-1", "Quote A-7", "Item S-1"]) {
      await page.getByRole("link", { name: record }).waitFor();
    }
    await checked(page, "order-column-phone");
    expect(window.watch.troubles).toEqual([]);
    expect(window.watch.outside).toEqual([]);
  });
});
