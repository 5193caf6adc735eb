import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checked, type Window } from "./browser";
import { type Dovecot, newDovecot } from "./dovecot";
import { chooseLanguage, firstVisit, newStory } from "./story";

let dovecot: Dovecot;
let window: Window;
let page: Page;

newStory((story) => {
  ({ window, page } = story);
});

const letter = (n: number, subject: string, fields: string) =>
  `From: eva@example.org\r\n${fields}\r\nSubject: ${subject}\r\nMessage-ID: <g${n}@example.org>\r\n\r\nHallo ${n}\r\n`;

beforeAll(async () => {
  dovecot = await newDovecot();
  await dovecot.deliver(letter(1, "Frage zum Preis", "To: Verkauf <verkauf@firma.example>"));
  await dovecot.deliver(letter(2, "Rundschreiben", "To: liste@anderswo.example\r\nDelivered-To: einkauf@firma.example"));
});

afterAll(() => dovecot.remove());

const field = (name: string) => page.getByRole("textbox", { name, exact: true });
const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
const card = (name: string) => page.getByRole("article", { name });
const dialog = () => page.getByRole("dialog");
const row = (subject: string, name: string) =>
  page.getByRole("list", { name }).getByRole("listitem").filter({ hasText: subject });

// One story; each step builds on those before.
describe("groups", () => {
  it("are made by administrators", async () => {
    await firstVisit(page);
    await page.goto("/settings/groups");
    await page.getByText("Noch keine Gruppen.").waitFor();
    await button("Gruppe hinzufügen").click();
    await dialog().getByLabel("Name").fill("Vertrieb");
    await dialog().getByRole("combobox", { name: "Adressen" }).fill("verkauf@firma.example");
    await page.keyboard.press("Enter");
    await dialog().getByRole("combobox", { name: "Mitglieder" }).click();
    await page.getByRole("option", { name: "Mara Vogt" }).click();
    await dialog().getByLabel("Beschreibung").fill("Angebote und Preise");
    await checked(page, "group-dialog");
    await button("Gruppe anlegen").click();
    await card("Vertrieb").getByText("Mara Vogt").waitFor();
    await card("Vertrieb").getByText("verkauf@firma.example").waitFor();
    await checked(page, "groups");
  });

  it("come with a new account, whose address is asked for where its login is none", async () => {
    await page.goto("/settings/accounts/new");
    await field("Name des Kontos").fill("Zentrale");
    await field("Server").fill("127.0.0.1");
    await page.getByRole("combobox", { name: "Verschlüsselung", exact: true }).click();
    await page.getByRole("option", { name: "Keine (nur dieser Rechner)" }).click();
    await page.getByLabel("Port", { exact: true }).fill(String(dovecot.port));
    await field("Anmeldename").fill("alice");
    await field("Kennwort").fill("secret");
    await page.getByRole("checkbox", { name: "Auch eine Gruppe gleichen Namens anlegen" }).check();
    await button("Konto anlegen").click();
    await page.getByText("Das ist keine Mailadresse").waitFor();
    await field("Adresse der Gruppe").fill("zentrale@firma.example");
    await checked(page, "account-with-group");
    await button("Konto anlegen").click();
    await card("Zentrale").getByText("Alles in Ordnung").waitFor({ timeout: 60_000 });
    await page.goto("/mail/all");
    await row("Frage zum Preis", "Alle Mails").getByText("Zentrale").waitFor();
    const groups = (await (await page.request.get("/api/v1/groups")).json()) as { items: { name: string; addresses: string[] }[] };
    expect(groups.items.map(({ name, addresses }) => [name, addresses])).toEqual([
      ["Vertrieb", ["verkauf@firma.example"]],
      ["Zentrale", ["zentrale@firma.example"]],
    ]);
  });

  it("get mails by whom they were for, say why, and are searched by", async () => {
    await page.goto("/settings/accounts");
    await card("Zentrale").getByRole("link", { name: /bearbeiten/iu }).click();
    const rules = page.getByRole("region", { name: "Zu Gruppen sortieren" });
    await rules.getByRole("button", { name: "Regel hinzufügen" }).click();
    await rules.getByRole("textbox", { name: "Adresse oder @Domain" }).fill("Verkauf@firma.example");
    await checked(page, "sorting");
    await rules.getByRole("button", { name: "Regeln speichern" }).click();
    await page.getByText("Regeln gespeichert").waitFor();
    await rules.getByRole("button", { name: "Auch frühere Mails sortieren" }).click();
    await page.getByText("Frühere Mails werden sortiert.").waitFor();
    await page.goto("/mail?q=group:Vertrieb");
    await row("Frage zum Preis", "Suche").getByText("Vertrieb").waitFor({ timeout: 60_000 });
    expect(await page.getByRole("list", { name: "Suche" }).getByRole("listitem").count()).toBe(1);
    await row("Frage zum Preis", "Suche").getByRole("link").click();
    const side = page.getByRole("complementary", { name: "Zuordnung und technische Angaben" });
    await side.getByText("An oder Cc: verkauf@firma.example (Regel verkauf@firma.example von Zentrale)").waitFor();
    await checked(page, "group-why");
    await page.getByRole("navigation", { name: "Hauptnavigation" }).getByRole("link", { name: "Zentrale" }).first().click();
    await row("Rundschreiben", "Suche").waitFor();
  });

  it("fit on a phone, in English", async () => {
    await chooseLanguage(page, "English");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto("/settings/groups");
    await card("Vertrieb").waitFor();
    await checked(page, "groups-phone");
    await page.getByRole("button", { name: "Edit group Vertrieb" }).click();
    await dialog().getByLabel("Description").waitFor();
    await checked(page, "group-phone-dialog");
    await page.keyboard.press("Escape");
    await page.goto("/settings/accounts");
    await card("Zentrale").getByRole("link", { name: /edit/iu }).click();
    await page.getByRole("region", { name: "Sort to groups" }).getByRole("button", { name: "Remove rule" }).waitFor();
    await checked(page, "sorting-phone");
  });

  it("go with their account if wanted", async () => {
    await button("Remove account …").click();
    await button("Switch off and go on").click();
    const also = dialog().getByRole("checkbox", { name: "Remove the group “Zentrale” as well (zentrale@firma.example)" });
    await also.check();
    await checked(page, "group-removal");
    await dialog().getByRole("textbox").fill("Zentrale");
    await dialog().getByRole("button", { name: "Remove for good" }).click();
    await dialog().waitFor({ state: "hidden" });
    await page.goto("/settings/groups");
    await card("Vertrieb").waitFor();
    expect(await card("Zentrale").count()).toBe(0);
    expect(window.watch.troubles).toEqual([]);
    expect(window.watch.outside).toEqual([]);
  });
});
