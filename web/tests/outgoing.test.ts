import { createHmac } from "node:crypto";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checked, type Window } from "./browser";
import { type MailSink, newMailSink, newReceiver, type Receiver } from "./receivers";
import { chooseLanguage, firstVisit, newStory } from "./story";

const PAGES = ["/settings/sending", "/settings/webhooks", "/settings/notifications"];

let sink: MailSink;
let receiver: Receiver;
let window: Window;
let page: Page;

newStory((story) => {
  ({ window, page } = story);
});

beforeAll(async () => {
  [sink, receiver] = await Promise.all([newMailSink(), newReceiver()]);
});

afterAll(async () => {
  await Promise.all([sink.remove(), receiver.remove()]);
});

const heading = (name: string) => page.getByRole("heading", { level: 1, name });

// One story; each step builds on those before.
describe("what goes out", () => {
  it("tests and adds a sending server", async () => {
    await firstVisit(page);
    await page.goto("/settings/sending");
    await page.getByText("Kein Server ist eingerichtet.").waitFor();
    await page.getByRole("button", { name: "Server anlegen" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox", { name: "Name", exact: true }).fill("Hauspost");
    await dialog.getByRole("textbox", { name: "Server", exact: true }).fill("127.0.0.1");
    await dialog.getByRole("combobox", { name: "Verschlüsselung" }).click();
    await page.getByRole("option", { name: "Keine, nur zu diesem Rechner" }).click();
    await dialog.getByLabel("Port").fill(String(sink.port));
    await dialog.getByLabel("Absenderadresse").fill("poststelle@example.org");
    await dialog.getByLabel("Testmail senden an").fill("mara.vogt@example.org");
    await dialog.getByRole("button", { name: "Einstellungen prüfen" }).click();
    await dialog.getByText("Alles in Ordnung.").waitFor();
    await checked(page, "sending-dialog");
    expect((await sink.mails()).length).toBe(1);
    await dialog.getByRole("button", { name: "Speichern" }).click();
    await page.getByRole("heading", { level: 2, name: "Hauspost" }).waitFor();
    await checked(page, "sending");
  });

  it("says which step fails, and takes a certificate of several lines", async () => {
    await page.getByRole("button", { name: "Sendeserver Hauspost bearbeiten" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Port").fill("1");
    await dialog.getByRole("button", { name: "Einstellungen prüfen" }).click();
    await dialog.getByRole("img", { name: "Fehlgeschlagen" }).first().waitFor();
    await dialog.getByRole("combobox", { name: "Zertifikat", exact: true }).click();
    await page.getByRole("option", { name: "Eigener Aussteller (PEM)" }).click();
    const pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    await dialog.getByLabel("Zertifikat des Ausstellers").fill(pem);
    expect(await dialog.getByLabel("Zertifikat des Ausstellers").inputValue()).toBe(pem);
    await checked(page, "sending-fails");
    await dialog.getByRole("button", { name: "Abbrechen" }).click();
    await dialog.waitFor({ state: "hidden" });
  });

  it("shows the secret of a webhook once, and tests it", async () => {
    await page.goto("/settings/webhooks");
    await page.getByText("Kein Webhook ist eingerichtet.").waitFor();
    await page.getByRole("button", { name: "Webhook anlegen" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox", { name: "Name", exact: true }).fill("Warenwirtschaft");
    await dialog.getByRole("textbox", { name: "Adresse", exact: true }).fill(receiver.url);
    await dialog.getByLabel("Darf im eigenen Netz liegen").check();
    await checked(page, "webhook-dialog");
    await dialog.getByRole("button", { name: "Speichern" }).click();
    const secret = (await page.getByText(/^whsec_/u).textContent()) ?? "";
    await checked(page, "webhook-secret");
    await page.getByRole("button", { name: "Hinterlegt" }).click();
    const card = page.getByRole("region", { name: "Warenwirtschaft" });
    await card.getByRole("button", { name: "Testereignis senden" }).click();
    const rows = card.getByRole("list", { name: "Zustellungen von Warenwirtschaft" }).getByRole("listitem");
    await rows.getByText("Gesendet").waitFor();
    await rows.getByText("204").waitFor();
    const [call] = receiver.calls;
    const key = Buffer.from(secret.replace("whsec_", ""), "base64");
    const signed = `${call?.id ?? ""}.${call?.timestamp ?? ""}.${call?.body ?? ""}`;
    expect(call?.body).toContain('"type":"test"');
    expect(call?.signature).toBe(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
    await checked(page, "webhook-delivered");
    await page.reload();
    await card.waitFor();
    expect(await page.getByText(/whsec_/u).count()).toBe(0);
  });

  it("sends a delivery again, with the same id", async () => {
    const card = page.getByRole("region", { name: "Warenwirtschaft" });
    await card.getByRole("button", { name: "Zustellungen" }).click();
    await card.getByRole("button", { name: "Erneut senden" }).click();
    await expect.poll(() => receiver.calls.length, { timeout: 30_000 }).toBe(2);
    expect(receiver.calls[1]?.id).toBe(receiver.calls[0]?.id);
    await card.getByText("Gesendet").waitFor();
  });

  it("offers a rule the webhooks there are", async () => {
    await page.goto("/bounces/rules");
    await page.getByRole("button", { name: "Regel hinzufügen" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox", { name: "Name", exact: true }).fill("Warenwirtschaft melden");
    await dialog.getByRole("checkbox", { name: "Mails stoppen" }).uncheck();
    await dialog.getByRole("combobox", { name: "Webhook" }).click();
    await page.getByRole("option", { name: `Warenwirtschaft (${receiver.url})` }).click();
    await checked(page, "rule-webhook");
    await dialog.getByRole("button", { name: "Übernehmen" }).click();
    await page.getByRole("button", { name: "Probelauf" }).click();
    await page.getByRole("button", { name: "Speichern" }).and(page.locator(":enabled")).click();
    await page.getByText("Die Regeln sind gespeichert und gelten.").waitFor();
  });

  it("says that a receiver wants no more, and switches it on again", async () => {
    await page.goto("/settings/webhooks");
    const card = page.getByRole("region", { name: "Warenwirtschaft" });
    receiver.answer(410);
    await card.getByRole("button", { name: "Testereignis senden" }).click();
    await card.getByText("Abgelehnt").waitFor();
    await card.getByText("Der Empfänger hat mit 410 geantwortet").waitFor();
    await checked(page, "webhook-off");
    receiver.answer(204);
    await card.getByRole("button", { name: "Bearbeiten" }).click();
    await page.getByRole("dialog").getByLabel("Aktiv").check();
    await page.getByRole("dialog").getByRole("button", { name: "Speichern" }).click();
    await card.getByText("Von Poststelle abgeschaltet").waitFor({ state: "hidden" });
  });

  it("remembers who hears of what", async () => {
    await page.goto("/settings/notifications");
    await heading("Benachrichtigungen").waitFor();
    await page.getByRole("button", { name: "Empfänger hinzufügen" }).click();
    await page.getByRole("textbox", { name: "Adresse", exact: true }).fill("mara.vogt@example.org");
    const way = async (kind: string, word: string) => {
      await page.getByRole("combobox", { name: kind }).click();
      await page.getByRole("option", { name: word }).click();
    };
    await way("Adresse gestört", "Sofort per Mail");
    await way("Postfach wird wieder abgeholt", "In der Tagesübersicht");
    await page.getByRole("combobox", { name: "Zeitzone" }).fill("Lissab");
    await page.getByText("Keine solche Zeitzone").waitFor();
    await page.getByRole("combobox", { name: "Zeitzone" }).fill("Lisb");
    await page.getByRole("option", { name: "Europe/Lisbon" }).click();
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Benachrichtigungen gespeichert.").waitFor();
    await page.reload();
    await heading("Benachrichtigungen").waitFor();
    expect(await page.getByRole("textbox", { name: "Adresse", exact: true }).inputValue()).toBe("mara.vogt@example.org");
    expect(await page.getByRole("combobox", { name: "Adresse gestört" }).inputValue()).toBe("Sofort per Mail");
    const recovered = page.getByRole("combobox", { name: "Postfach wird wieder abgeholt" });
    expect(await recovered.inputValue()).toBe("In der Tagesübersicht");
    expect(await page.getByRole("combobox", { name: "Zeitzone" }).inputValue()).toBe("Europe/Lisbon");
    await page.getByText("Webhook „Warenwirtschaft“ wurde abgeschaltet").waitFor();
    await checked(page, "notifications");
  });

  it("asks before it removes, and names the rules that still call a webhook", async () => {
    await page.goto("/settings/webhooks");
    await page.getByRole("button", { name: "Webhook Warenwirtschaft entfernen" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Die Regel „Warenwirtschaft melden“ ruft diesen Webhook noch auf").waitFor();
    await checked(page, "webhook-removal");
    await dialog.getByRole("button", { name: "Abbrechen" }).click();
    await page.getByRole("region", { name: "Warenwirtschaft" }).waitFor();
  });

  it("fits a phone, also in the dark, in both languages", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: "dark" });
    for (const path of PAGES) {
      await page.goto(path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("networkidle");
      await checked(page, `phone-dark-${path.split("/").pop() ?? ""}`);
    }
    await page.goto("/settings/webhooks");
    await page.getByRole("button", { name: "Zustellungen" }).click();
    await page.getByRole("button", { name: "Erneut senden" }).first().waitFor();
    await checked(page, "phone-deliveries");
    await page.setViewportSize({ width: 1440, height: 900 });
    await chooseLanguage(page, "English");
    for (const [path, title] of PAGES.map((path, at) => [path, ["Sending servers", "Webhooks", "Notifications"][at] ?? ""])) {
      await page.goto(path ?? "");
      await heading(title ?? "").waitFor();
      await page.waitForLoadState("networkidle");
      await checked(page, `dark-english-${title ?? ""}`);
    }
    expect(window.watch.troubles).toEqual([]);
    expect(window.watch.outside).toEqual([]);
  });

  it("removes both", async () => {
    await page.goto("/settings/webhooks");
    await page.getByRole("button", { name: "Remove webhook Warenwirtschaft" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText("No webhook is set up.").waitFor();
    await page.goto("/settings/sending");
    await page.getByRole("button", { name: "Remove sending server Hauspost" }).click();
    await page.getByRole("dialog").getByText("It sends the notices").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText("No server is set up.").waitFor();
  });
});
