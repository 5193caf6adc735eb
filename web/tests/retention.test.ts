import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { checked } from "./browser";
import { letter } from "./mails";
import { chooseLanguage, firstVisit, newStory } from "./story";

let page: Page;

newStory((story) => {
  ({ page } = story);
});

const CII = [
  '<rsm:CrossIndustryInvoice xmlns:rsm="r" xmlns:ram="a" xmlns:udt="u"><rsm:ExchangedDocument><ram:ID>R-2016/0815</ram:ID>',
  '<ram:IssueDateTime><udt:DateTimeString format="102">20160305</udt:DateTimeString></ram:IssueDateTime></rsm:ExchangedDocument>',
  "<rsm:SupplyChainTradeTransaction><ram:ApplicableHeaderTradeAgreement><ram:SellerTradeParty><ram:Name>Lieferant GmbH</ram:Name>",
  "</ram:SellerTradeParty></ram:ApplicableHeaderTradeAgreement><ram:ApplicableHeaderTradeSettlement>",
  "<ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode><ram:SpecifiedTradeSettlementHeaderMonetarySummation>",
  "<ram:GrandTotalAmount>1235.62</ram:GrandTotalAmount></ram:SpecifiedTradeSettlementHeaderMonetarySummation>",
  "</ram:ApplicableHeaderTradeSettlement></rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>",
].join("\r\n");

const INVOICE = [
  "From: Buchhaltung <rechnung@lieferant.example>",
  "To: Vertrieb <vertrieb@example.org>",
  "Subject: Ihre Rechnung",
  "Date: Sun, 06 Mar 2016 10:00:00 +0100",
  "Message-ID: <r1@lieferant.example>",
  "MIME-Version: 1.0",
  "Content-Type: multipart/mixed; boundary=grenze",
  "",
  "--grenze",
  "Content-Type: text/plain",
  "",
  "anbei",
  "--grenze",
  "Content-Type: application/xml; name=xrechnung.xml",
  "Content-Disposition: attachment; filename=xrechnung.xml",
  "",
  CII,
  "--grenze--",
  "",
].join("\r\n");

const file = (name: string, text: string) => ({ name, mimeType: "message/rfc822", buffer: Buffer.from(text) });
const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
const region = (name: string) => page.getByRole("region", { name, exact: true }).first();
const dialog = () => page.getByRole("dialog");
const cells = (text: string) => page.locator("tr").filter({ hasText: text }).first();
const entry = (list: string, text: string) => page.getByRole("list", { name: list }).getByRole("listitem").filter({ hasText: text });
const row = (subject: string) => page.getByRole("list", { name: "Alle Mails" }).getByRole("listitem").filter({ hasText: subject });

/** Loads the page until the server has done what follows behind an answer. */
async function until(path: string, text: string | RegExp): Promise<void> {
  await expect
    .poll(
      async () => {
        await page.goto(path);
        await page.getByRole("heading", { level: 2 }).first().waitFor();
        return page
          .getByText(text)
          .first()
          .waitFor({ timeout: 1500 })
          .then(() => true)
          .catch(() => false);
      },
      { timeout: 60_000 },
    )
    .toBe(true);
}

// One story; each step builds on those before.
describe("retention", () => {
  it("shows what an invoice in a mail says", async () => {
    await firstVisit(page);
    await page.goto("/imports");
    await page.setInputFiles("input[type=file] >> nth=0", [
      file("1.eml", INVOICE),
      file("2.eml", letter("Eva Kunde <eva@kunde.example>", "Anfrage", "a-1@kunde.example", "Zebrafink")),
    ]);
    await page.getByRole("combobox", { name: "In welches Konto?" }).fill("Vertrieb");
    await button("Import starten").click();
    await page.getByRole("article").first().getByText("Fertig").waitFor();
    await page.goto("/mail/all");
    await row("Ihre Rechnung").getByRole("link").click();
    const card = region("Aufbewahrung");
    await card.getByRole("link", { name: "R-2016/0815" }).waitFor();
    await card.getByText("05.03.2016, 1.235,62 EUR, Lieferant GmbH").waitFor();
    await card.getByText("Keine Aufbewahrungsklasse.").waitFor();
    await checked(page, "keeping");
  });

  it("gives classes by rules, tried before they are applied", async () => {
    await page.goto("/settings/retention");
    await page.getByText("Sie sind keine Rechtsberatung", { exact: false }).waitFor();
    await page.getByText("Noch hat keine Mail eine Aufbewahrungsklasse.").waitFor();
    await cells("Buchungsbelege und Rechnungen").getByText("8 Jahre").waitFor();
    await button("Regel hinzufügen").click();
    await dialog().getByLabel("Name").fill("Rechnungen");
    await dialog().getByRole("combobox", { name: "Klasse" }).click();
    await page.getByRole("option", { name: "Buchungsbelege und Rechnungen" }).click();
    await button("Speichern").click();
    await dialog().getByText("Eine Regel braucht mindestens eine Bedingung.", { exact: true }).waitFor();
    await dialog().getByLabel("Enthält eine erkannte Rechnung").check();
    await checked(page, "retention-rule");
    await button("Speichern").click();
    await entry("Regeln", "Rechnungen").waitFor();
    await button("Auf vorhandene Mails ausprobieren").click();
    await entry("Regeln", "Rechnungen").getByText("gäbe 1 Mail eine andere Klasse").waitFor();
    await page.getByText("2 Mails angesehen.", { exact: false }).waitFor();
    await button("Auf vorhandene Mails anwenden").click();
    await page.getByText("Die Regeln werden angewandt.").waitFor();
    await until("/settings/retention", "bis 31.12.2024");
    await checked(page, "retention");
  });

  it("lists what is due, and years that are open hold it", async () => {
    await button("1 zeigen").click();
    await dialog().getByRole("link", { name: "Ihre Rechnung" }).waitFor();
    await checked(page, "retention-due");
    await button("Schließen").click();
    await button("Offene Jahre hinzufügen").click();
    await dialog().getByLabel("Erstes Jahr").fill("2015");
    await dialog().getByLabel("Letztes Jahr").fill("2016");
    await dialog().getByLabel("Grund").fill("Betriebsprüfung");
    await button("Speichern").click();
    await entry("Offene Jahre", "2015–2016").getByText("Betriebsprüfung").waitFor();
    await cells("2016").getByText("Festsetzung offen").waitFor();
    await button("2015–2016 beenden").click();
    await dialog().getByRole("button", { name: "Beenden" }).click();
    await cells("2016").getByText("bis 31.12.2024").waitFor();
  });

  it("holds what a search finds", async () => {
    await button("Sperre hinzufügen").click();
    await dialog().getByLabel("Name des Falls").fill("Klage");
    await dialog().getByLabel("Grund").fill("Az. 3 O 12/26");
    await dialog().getByLabel("Suche").fill("before:bald");
    await button("Zählen").click();
    await dialog().getByText(/bald/u).first().waitFor();
    await dialog().getByLabel("Suche").fill("from:lieferant.example");
    await button("Zählen").click();
    await dialog().getByText("Findet jetzt 1 Nachricht.").waitFor();
    await checked(page, "hold-dialog");
    await button("Sperren").click();
    await entry("Sperren", "Klage").getByText("1 Mail gesperrt", { exact: true }).waitFor({ timeout: 60_000 });
    await page.reload();
    await button("1 zeigen").click();
    await dialog().getByText("Gesperrt").waitFor();
    await dialog().getByRole("link", { name: "Ihre Rechnung" }).click();
    await region("Aufbewahrung").getByText("Gesperrt für „Klage“").waitFor();
    await region("Aufbewahrung").getByText("Durch die Regel „Rechnungen“").waitFor();
  });

  it("lets people choose, with a reason", async () => {
    await button("Klasse wählen").click();
    await dialog().getByRole("combobox", { name: "Klasse" }).click();
    await page.getByRole("option", { name: "Bücher, Abschlüsse, Inventare (10 Jahre)" }).click();
    await button("Speichern").click();
    await dialog().getByText("Bitte ausfüllen").first().waitFor();
    await dialog().getByLabel("Grund").fill("Teil des Abschlusses");
    await checked(page, "retention-choose");
    await button("Speichern").click();
    await region("Aufbewahrung").getByText("Bücher, Abschlüsse, Inventare, bis 31.12.2026").waitFor();
    await region("Aufbewahrung").getByText("Von Hand gewählt: Teil des Abschlusses").waitFor();
  });

  it("is there in English, and lifts a hold", async () => {
    await page.goto("/settings/retention");
    await chooseLanguage(page, "English");
    await page.getByText("They are no legal advice", { exact: false }).waitFor();
    await button("Lift hold “Klage”").click();
    await dialog().getByLabel("Reason").fill("Settled");
    await dialog().getByRole("button", { name: "Lift" }).click();
    await entry("Holds", "Klage").getByText(/^Lifted on/u).waitFor();
    await entry("Holds", "Klage").getByText("Settled", { exact: false }).waitFor();
    await checked(page, "retention-en");
  });
});
