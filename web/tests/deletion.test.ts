import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checked, type Window } from "./browser";
import { type Dovecot, newDovecot } from "./dovecot";
import { letter } from "./mails";
import { chooseLanguage, firstVisit, newStory } from "./story";

let dovecot: Dovecot;
let window: Window;
let page: Page;

newStory((story) => {
  ({ window, page } = story);
});

beforeAll(async () => {
  dovecot = await newDovecot();
  await dovecot.deliver("From: eva@example.org\r\nSubject: Im Postfach\r\nMessage-ID: <p@example.org>\r\n\r\nHallo\r\n");
});

afterAll(() => dovecot.remove());

const file = (n: number, subject: string, refersTo = "") => ({
  name: `${n}.eml`,
  mimeType: "message/rfc822",
  buffer: Buffer.from(
    (refersTo === "" ? "" : `In-Reply-To: <${refersTo}>\r\n`) +
      letter("Eva Kunde <eva@kunde.example>", subject, `d-${n}@kunde.example`, `Zebrafink ${n}`),
  ),
});
const list = (name = "Alle Mails") => page.getByRole("list", { name });
const row = (subject: string, name?: string) => list(name).getByRole("listitem").filter({ hasText: subject });
const reader = () => page.getByRole("article");
const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
const hidden = { state: "hidden" } as const;

/** Clicks what takes the last change back, and waits until the offer is gone. */
async function undo(name = "Rückgängig"): Promise<void> {
  await button(name).last().click();
  await button(name).waitFor(hidden);
}

// One story; each step builds on those before.
describe("deletion", () => {
  it("hides an open mail, opens the next one, and is taken back", async () => {
    await firstVisit(page);
    await page.goto("/imports");
    await page.setInputFiles("input[type=file] >> nth=0", [
      file(1, "Anfrage"),
      file(2, "Re: Anfrage", "d-1@kunde.example"),
      file(3, "Werbung"),
      file(4, "Noch mehr Werbung"),
      file(5, "Bestellung"),
    ]);
    await page.getByRole("combobox", { name: "In welches Konto?" }).fill("Vertrieb");
    await button("Import starten").click();
    await page.getByRole("article").first().getByText("Fertig").waitFor();
    await page.goto("/mail/all");
    await row("Noch mehr Werbung").getByRole("link").click();
    await page.getByRole("heading", { name: "Noch mehr Werbung" }).waitFor();
    await reader().getByRole("button", { name: "Löschen" }).click();
    await row("Noch mehr Werbung").waitFor(hidden);
    await page.getByText("Mail gelöscht.").waitFor();
    await page.getByRole("heading", { level: 2, name: /^(?!Noch mehr Werbung)/u }).first().waitFor();
    await undo();
    await row("Noch mehr Werbung").waitFor();
    expect(await list().getByRole("listitem").count()).toBe(5);
  });

  it("works by keyboard, on several at once", async () => {
    await page.goto("/mail/all");
    await row("Werbung").first().waitFor();
    await row("Noch mehr Werbung").hover();
    await page.getByRole("checkbox", { name: "Noch mehr Werbung auswählen" }).check();
    await page.getByRole("checkbox", { name: "Werbung auswählen", exact: true }).check();
    await page.getByText("2 ausgewählt").waitFor();
    await checked(page, "deletion-selected");
    await page.keyboard.press("#");
    await page.getByText("2 Mails gelöscht.").waitFor();
    await row("Werbung").first().waitFor(hidden);
    await page.keyboard.press("z");
    await row("Noch mehr Werbung").waitFor();
    await page.getByRole("checkbox", { name: "Noch mehr Werbung auswählen" }).check();
    await page.getByRole("group", { name: "Ausgewählte Mails" }).getByRole("button", { name: "Löschen" }).click();
    await row("Noch mehr Werbung").waitFor(hidden);
  });

  it("keeps deleted mails in a view of their own", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("t");
    await page.getByRole("heading", { level: 1, name: "Gelöscht" }).waitFor();
    await row("Noch mehr Werbung", "Gelöscht").getByRole("link").click();
    await reader().getByText(/^Gelöscht am/u).waitFor();
    await checked(page, "deletion-view");
    await reader().getByRole("button", { name: "Wiederherstellen" }).click();
    await page.getByText("Keine gelöschten Mails.").waitFor();
    await page.goto("/mail/all");
    await row("Noch mehr Werbung").waitFor();
  });

  it("marks deleted mails within their thread, and leaves them out of searches", async () => {
    await row("Re: Anfrage").getByRole("link").click();
    await page.getByRole("heading", { name: "Re: Anfrage" }).waitFor();
    await page.keyboard.press("#");
    await row("Re: Anfrage").waitFor(hidden);
    await row("Anfrage").getByRole("link").click();
    await reader().getByRole("button", { name: /Zebrafink 2/u }).getByText("Gelöscht").waitFor();
    await checked(page, "deletion-thread");
    await page.goto("/mail?q=Zebrafink+is:deleted");
    await row("Re: Anfrage", "Suche").waitFor();
    expect(await list("Suche").getByRole("listitem").count()).toBe(1);
    await page.goto("/mail?q=Zebrafink");
    await row("Bestellung", "Suche").waitFor();
    await row("Re: Anfrage", "Suche").waitFor(hidden);
  });

  it("deletes in the mailbox as well where an account says so", async () => {
    await page.goto("/settings/accounts/new");
    await page.getByLabel("Mailadresse").fill("alice@example.net");
    await page.keyboard.press("Tab");
    const field = (name: string) => page.getByRole("textbox", { name, exact: true });
    await field("Name des Kontos").fill("Postfach");
    await field("Server").fill("127.0.0.1");
    await page.getByRole("combobox", { name: "Verschlüsselung", exact: true }).click();
    await page.getByRole("option", { name: "Keine (nur dieser Rechner)" }).click();
    await page.getByLabel("Port", { exact: true }).fill(String(dovecot.port));
    await field("Anmeldename").fill("alice");
    await field("Kennwort").fill("secret");
    await button("Konto anlegen").click();
    const card = page.getByRole("article", { name: "Postfach" });
    await card.getByText("Alles in Ordnung").waitFor({ timeout: 60_000 });
    await card.getByRole("link", { name: /bearbeiten/iu }).click();
    await page.getByRole("switch", { name: "Hier gelöscht heißt dort gelöscht" }).check({ force: true });
    await checked(page, "deletion-account");
    const saved = page.waitForResponse((answer) => answer.request().method() !== "GET" && answer.url().includes("/api/v1/accounts/"));
    await button("Übernehmen").click();
    expect((await saved).ok()).toBe(true);
    await page.getByText("Gespeichert").first().waitFor();
    await page.goto("/mail/all");
    await row("Im Postfach").getByRole("link").click();
    await page.getByRole("heading", { name: "Im Postfach" }).waitFor();
    await reader().getByRole("button", { name: "Löschen" }).click();
    await page.getByText("In zehn Sekunden auch im Postfach.").waitFor();
    await expect.poll(() => dovecot.count(), { timeout: 60_000 }).toBe(0);
  });

  it("puts mails into the mailbox", async () => {
    await page.goto("/mail/all");
    await row("Bestellung").hover();
    await page.getByRole("checkbox", { name: "Bestellung auswählen" }).check();
    await button("Weitere Befehle").click();
    await page.getByRole("menuitem", { name: "Ins Postfach legen" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("combobox", { name: "Konto" }).click();
    await page.getByRole("option", { name: "Postfach" }).click();
    await dialog.getByLabel("Ordner").fill("INBOX");
    await checked(page, "put-back");
    await dialog.getByRole("button", { name: "Ins Postfach legen" }).click();
    await page.getByText("1 Mail wird ins Postfach gelegt.").waitFor();
    await expect.poll(() => dovecot.count(), { timeout: 60_000 }).toBe(1);
    await page.goto("/mail?q=Zebrafink");
    await button("Treffer ins Postfach legen").click();
    await dialog.getByRole("combobox", { name: "Konto" }).click();
    await page.getByRole("option", { name: "Postfach" }).click();
    await dialog.getByLabel("Ordner").fill("INBOX");
    await dialog.getByRole("button", { name: "Ins Postfach legen" }).click();
    // One lies there already.
    await expect.poll(() => dovecot.count(), { timeout: 60_000 }).toBe(4);
    await page.goto("/audit");
    await page.getByText("4 Mails werden in den Ordner „INBOX“ des Kontos Postfach zurückgelegt").waitFor();
  });

  it("fits on a phone, in English", async () => {
    await chooseLanguage(page, "English");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto("/mail/all");
    const item = row("Bestellung", "All mails");
    await item.waitFor();
    await page.getByRole("checkbox", { name: "Select Bestellung" }).check({ force: true });
    await page.getByText("1 selected").waitFor();
    await checked(page, "deletion-phone-selected");
    await button("Clear selection").click();
    await item.getByRole("link").click();
    await reader().getByRole("button", { name: "Delete" }).click();
    await page.getByText("Mail deleted.").waitFor();
    await item.waitFor(hidden);
    await undo("Undo");
    await item.waitFor();
    await page.goto("/mail/deleted");
    await row("Re: Anfrage", "Deleted").waitFor();
    await checked(page, "deletion-phone-view");
    await page.goto("/mail?q=Zebrafink");
    await button("Put hits into a mailbox").click();
    await page.getByRole("dialog").getByText("What lies there already").waitFor();
    await checked(page, "put-back-phone");
    expect(window.watch.troubles).toEqual([]);
    expect(window.watch.outside).toEqual([]);
  });
});
