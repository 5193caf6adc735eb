import type { Page } from "playwright-core";
import { afterAll, describe, expect, it } from "vitest";
import { checked } from "./browser";
import { type Dovecot, newDovecot } from "./dovecot";
import { newOidc, type Oidc } from "./oidc";
import type { Server } from "./server";
import { firstVisit, newStory } from "./story";

const MAIL = "From: Eva Beispiel <eva@example.org>\r\nTo: alice@example.net\r\nSubject: Mit Token geholt\r\nMessage-ID: <token@example.org>\r\n\r\nGuten Tag\r\n";

let server: Server;
let page: Page;
let oidc: Oidc;
let dovecot: Dovecot;

newStory((story) => {
  ({ server, page } = story);
});

afterAll(async () => {
  await dovecot.remove();
  await oidc.remove();
});

/** Signs in at the service as this person, and says yes. */
async function consent(person: string): Promise<void> {
  await page.waitForURL(`http://127.0.0.1:${oidc.port}/**`);
  const login = page.locator('input[name="login"]');
  if (await login.isVisible()) {
    await login.fill(person);
    await page.locator('input[name="password"]').fill("any");
    await page.locator('button[type="submit"]').click();
    await page.locator('input[name="prompt"][value="consent"]').waitFor({ state: "attached" });
  }
  await page.locator('button[type="submit"]').click();
}

// One story; each step builds on those before.
describe("login through a sign-in service", () => {
  it("sets the service up within the form of the account", async () => {
    await firstVisit(page);
    oidc = await newOidc(`${server.url}/oauth/callback`);
    dovecot = await newDovecot({ oidc: oidc.port });
    await dovecot.deliver(MAIL);
    // The only other place a person is sent to.
    await page.context().route(`http://127.0.0.1:${oidc.port}/**`, (route) => route.continue());
    await page.goto("/settings/accounts/new");
    await page.getByLabel("Name des Kontos").fill("Vertrieb");
    await page.getByRole("textbox", { name: "Server", exact: true }).fill("127.0.0.1");
    await page.getByRole("combobox", { name: "Verschlüsselung" }).click();
    await page.getByRole("option", { name: "Keine (nur dieser Rechner)" }).click();
    await page.getByLabel("Port").fill(String(dovecot.port));
    await page.getByLabel("Anmeldename").fill("alice");
    await page.getByRole("combobox", { name: "Anmeldung" }).click();
    await page.getByRole("option", { name: "Anderer Dienst (OAuth2) einrichten …" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByLabel("Umleitungsadresse, beim Dienst einzutragen").inputValue()).toBe(`${server.url}/oauth/callback`);
    await dialog.getByRole("textbox", { name: "Name", exact: true }).fill("Hausanmeldung");
    await dialog.getByRole("textbox", { name: "Aussteller", exact: true }).fill(`http://127.0.0.1:${oidc.port}`);
    await dialog.getByLabel("Rechte (Scopes)").first().fill("mail");
    await page.keyboard.press("Enter");
    await dialog.getByLabel("Anwendungs-ID (Client-ID)").fill("poststelle");
    await dialog.getByRole("textbox", { name: "Geheimnis", exact: true }).fill("poststelle-secret");
    await checked(page, "oauth-service");
    await dialog.getByRole("button", { name: "Speichern" }).click();
    await dialog.waitFor({ state: "hidden" });
    expect(await page.getByRole("combobox", { name: "Anmeldung" }).inputValue()).toBe("Hausanmeldung");
    await page.getByRole("button", { name: "Konto anlegen" }).click();
    await page.getByRole("heading", { level: 2, name: "Verknüpfung" }).waitFor();
    await page.getByText("Nicht verknüpft", { exact: true }).waitFor();
    await checked(page, "oauth-unlinked");
  });

  it("asks when somebody else than the mailbox has consented", async () => {
    await page.getByRole("button", { name: "Verknüpfen", exact: true }).click();
    await consent("bob");
    await page.getByText("Bitte bestätigen").waitFor();
    await page.getByText("Zugestimmt hat bob@example.net, das Postfach heißt aber alice.", { exact: false }).waitFor();
    await checked(page, "oauth-waiting");
    await page.getByRole("button", { name: "Lösen" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Verknüpfung lösen" }).click();
    await page.getByText("Bitte bestätigen").waitFor({ state: "hidden" });
  });

  it("links the account and fetches its mail by itself", async () => {
    // bob is still signed in at the service.
    await page.context().clearCookies({ domain: "127.0.0.1", name: /^_session/u });
    await page.getByRole("button", { name: "Verknüpfen", exact: true }).click();
    await consent("alice");
    await page.getByText("Verknüpft", { exact: true }).waitFor();
    await page.getByText("alice@example.net").waitFor();
    await checked(page, "oauth-linked");
    await page.goto("/mail/all");
    await page.getByText("Mit Token geholt").waitFor();
  });

  it("shows a code for other devices, and the service among the settings", async () => {
    await page.goto("/settings/accounts");
    await page.getByRole("link", { name: /Vertrieb bearbeiten/u }).click();
    await page.getByRole("button", { name: "Andere Wege" }).click();
    await page.getByRole("menuitem", { name: "Mit einem Code an einem anderen Gerät" }).click();
    await page.getByLabel("Code", { exact: true }).waitFor();
    await checked(page, "oauth-device");
    await page.goto("/settings/sign-in");
    await page.getByRole("heading", { level: 2, name: "Hausanmeldung" }).waitFor();
    await checked(page, "oauth-services");
  });
});
