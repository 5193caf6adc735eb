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
  "number,name,active,email",
  "K-1,Eva Kunde,yes,eva@kunde.example",
  "K-2,Laden Nord,yes,laden@kette.example",
  "K-3,Laden Süd,yes,laden@kette.example",
].join("\n");

const file = (name: string, content: string) => ({ name, mimeType: "message/rfc822", buffer: Buffer.from(content) });
const dryRun = (name: string) => page.getByRole("region", { name, exact: true });
const tile = (name: string) => page.locator("dl > div").filter({ has: page.getByText(name, { exact: true }) }).getByRole("definition");
const row = (subject: string) =>
  page.getByRole("list", { name: /^(Mails, die sich ändern würden|Mails that would change)$/u }).getByRole("listitem").filter({
    has: page.getByRole("link", { name: subject }),
  });
const column = () => page.getByRole("complementary", { name: "Zuordnung und technische Angaben" });

async function open(subject: string): Promise<void> {
  await page.goto("/mail/all");
  await page.getByRole("link").filter({ hasText: subject }).first().click();
  await page.getByRole("heading", { name: subject }).waitFor();
}

// One story; each step builds on those before.
describe("the linking rules", () => {
  it("are tried on past mails, which changes nothing", async () => {
    await firstVisit(page);
    await server.importContacts(`${CONTACTS}\n`);
    await page.goto("/imports");
    await page.setInputFiles("input[type=file] >> nth=0", [
      file("1.eml", letter("Eva Kunde <eva@kunde.example>", "Frage zur Lieferung", "w-1@kunde.example", "Wann kommt sie?")),
      file("2.eml", letter("Fremd <neu@fremd.example>", "Für Eva", "w-2@fremd.example", "eva@kunde.example\r\nladen@kette.example")),
      file("3.eml", letter("Laden <laden@kette.example>", "Nachbestellung", "w-3@kette.example", "Bitte noch drei.")),
    ]);
    await page.getByRole("combobox", { name: "In welches Konto?" }).fill("Vertrieb");
    await page.getByRole("button", { name: "Import starten" }).click();
    await page.getByRole("article").first().getByText("Fertig").waitFor();
    await page.goto("/settings/blocklist");
    await page.getByRole("link", { name: "Zuordnungsregeln" }).click();
    await page.waitForURL("**/settings/linking");
    await page.getByText("Noch wurden keine vergangenen Mails neu abgelegt.").waitFor();
    await page.getByRole("checkbox", { name: "Kontakte Adresse für Adresse suchen" }).check();
    await page.getByLabel("Stammdaten von heute").check();
    await page.getByLabel("Außerdem nicht beachten").fill("laden@kette.example\nnoch eine Adresse");
    await dryRun("Probelauf").getByRole("button", { name: "Probelauf" }).click();
    await page.getByRole("alert").filter({ hasText: "Der Probelauf ist gescheitert." }).waitFor();
    await page.getByLabel("Außerdem nicht beachten").fill("");
    await dryRun("Probelauf").getByRole("button", { name: "Probelauf" }).click();
    await page.getByText("3 Mails geprüft.").waitFor();
    expect(await tile("Unverändert").innerText()).toBe("2");
    expect(await tile("Neu zugeordnet").innerText()).toBe("1");
    expect(await tile("Zuordnung verloren").innerText()).toBe("0");
    await row("Für Eva").getByText("Neu zugeordnet").waitFor();
    await row("Für Eva").getByText(/^mehrdeutig →.*Kontakt K-1$/u).waitFor();
    await row("Für Eva").getByText("Begründungen").click();
    await row("Für Eva").getByText("Wie es wäre").waitFor();
    await row("Für Eva").getByText("Gefunden: K-1.").waitFor();
    await checked(page, "whatif");
    await open("Für Eva");
    await column().getByText("Keine Zuordnung").waitFor();
  });

  it("say what a result no longer speaks of, and which number makes no sense", async () => {
    await page.goto("/settings/linking");
    await page.getByLabel("Wie viele der neuesten Mails?").fill("2");
    await dryRun("Probelauf").getByRole("button", { name: "Probelauf" }).click();
    await page.getByText("2 Mails geprüft.").waitFor();
    await page.getByRole("checkbox", { name: "Die erste Adresse gewinnt" }).check();
    await page.getByText("2 Mails geprüft.").waitFor({ state: "hidden" });
    await page.getByLabel("Nur Bestellungen und Angebote der letzten Monate").fill("0");
    await page.getByText("Eine ganze Zahl zwischen 1 und 1.200").waitFor();
    expect(await page.getByRole("button", { name: "Speichern" }).isDisabled()).toBe(true);
    expect(await dryRun("Probelauf").getByRole("button", { name: "Probelauf" }).isDisabled()).toBe(true);
  });

  it("are saved", async () => {
    await page.getByLabel("Nur Bestellungen und Angebote der letzten Monate").fill("24");
    await page.getByLabel("Eigene Nummern").fill("DE 123 456 789\n\nHRB 4711");
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Zuordnungsregeln gespeichert.").waitFor();
    await page.reload();
    await expect.poll(() => page.getByLabel("Eigene Nummern").inputValue()).toBe("DE 123 456 789\nHRB 4711");
    expect(await page.getByLabel("Nur Bestellungen und Angebote der letzten Monate").inputValue()).toBe("24");
    expect(await page.getByRole("checkbox", { name: "Die erste Adresse gewinnt" }).isChecked()).toBe(true);
    expect(await page.getByRole("checkbox", { name: "Kontakte Adresse für Adresse suchen" }).isChecked()).toBe(false);
  });

  it("are activated for past mails too, beside what a person decided", async () => {
    await open("Nachbestellung");
    await page.keyboard.press("Shift+L");
    await page.getByRole("dialog").getByRole("combobox").fill("K-2");
    await page.getByRole("option", { name: /Laden Nord/u }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Zuordnen", exact: true }).click();
    await column().getByRole("link", { name: "Kontakt K-2" }).waitFor();
    await page.goto("/settings/linking");
    await page.getByRole("checkbox", { name: "Kontakte Adresse für Adresse suchen" }).check();
    await page.getByLabel("Stammdaten von heute").check();
    await page.getByLabel("Außerdem nicht beachten").fill("eva@kunde.example");
    await dryRun("Probelauf").getByRole("button", { name: "Probelauf" }).click();
    await page.getByText("2 Mails geprüft.").waitFor();
    expect(await tile("Zuordnung verloren").innerText()).toBe("1");
    expect(await tile("Wie die Person bei einer weiteren Mail").innerText()).toBe("0 → 0");
    await row("Frage zur Lieferung").getByText(/^Kontakt K-1 →.*ohne Zuordnung$/u).waitFor();
    await page.getByRole("checkbox", { name: "Auch diese eine vergangene Mail so ablegen" }).check();
    await checked(page, "whatif-activate");
    await page.getByRole("button", { name: "Aktivieren" }).click();
    await page.getByText("Aktiviert, eine vergangene Mail neu abgelegt.").waitFor();
    await page.getByRole("cell").getByText(/^Eine Mail neu abgelegt/u).waitFor();
    await page.getByRole("cell").getByText("Mara Vogt").waitFor();
    await page.goto("/settings/blocklist");
    await page.getByRole("row").filter({ hasText: "eva@kunde.example" }).waitFor();
    await open("Frage zur Lieferung");
    await column().getByText("Keine Zuordnung").waitFor();
  });

  it("are taken back for past mails", async () => {
    await page.goto("/settings/linking");
    expect(await page.getByRole("checkbox", { name: "Kontakte Adresse für Adresse suchen" }).isChecked()).toBe(true);
    await page.getByRole("button", { name: /^Ablage vom .* zurücknehmen$/u }).click();
    await page.getByText(/^Zurückgenommen: /u).waitFor();
    await checked(page, "whatif-batches");
    await open("Frage zur Lieferung");
    await column().getByRole("link", { name: "Kontakt K-1" }).waitFor();
    await open("Nachbestellung");
    await column().getByRole("link", { name: "Kontakt K-2" }).waitFor();
  });
});

describe("the blocklist", () => {
  it("is tried before an entry is on it", async () => {
    await page.goto("/settings/blocklist");
    await page.getByRole("button", { name: "eva@kunde.example entfernen" }).click();
    await page.getByText("Noch keine Einträge.").waitFor();
    const form = page.getByRole("form", { name: "Aufnehmen" });
    await form.getByLabel("Adresse oder Domain").fill("kunde.example");
    await form.getByRole("button", { name: "Probelauf" }).click();
    await page.getByText("2 Mails geprüft.").waitFor();
    await row("Frage zur Lieferung").getByText(/^Kontakt K-1 →.*ohne Zuordnung$/u).waitFor();
    await checked(page, "whatif-blocklist");
    await page.getByText("Noch keine Einträge.").waitFor();
  });
});

describe("the pages of what-if", () => {
  it("speak English, in the dark", async () => {
    await chooseLanguage(page, "English");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.goto("/settings/linking");
    await page.getByRole("heading", { level: 1, name: "Linking rules" }).waitFor();
    await page.getByLabel("Records of today").check();
    await page.getByLabel("Ignored as well").fill("kunde.example");
    await dryRun("Dry run").getByRole("button", { name: "Dry run" }).click();
    await page.getByText("2 mails looked at.").waitFor();
    await row("Frage zur Lieferung").getByText("Link lost").waitFor();
    await row("Frage zur Lieferung").getByText("Reasons").click();
    await row("Frage zur Lieferung").getByText("As it would be").waitFor();
    await checked(page, "whatif-en");
  });

  it("fit a phone", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await row("Frage zur Lieferung").getByText(/^Contact K-1 →.*no link$/u).waitFor();
    await checked(page, "whatif-phone");
    await page.goto("/settings/blocklist");
    await page.getByLabel("Address or domain").fill("kunde.example");
    await page.getByRole("button", { name: "Dry run" }).click();
    await row("Frage zur Lieferung").getByText("Link lost").waitFor();
    await checked(page, "whatif-blocklist-phone");
    expect(window.watch.troubles).toEqual([]);
    expect(window.watch.outside).toEqual([]);
  });
});
