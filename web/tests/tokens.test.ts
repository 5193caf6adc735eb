import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { checked } from "./browser";
import type { Server } from "./server";
import { chooseLanguage, firstVisit, newStory } from "./story";

let page: Page;
let server: Server;

newStory((story) => {
  ({ page, server } = story);
});

/** As the ERP asks, without a browser. */
const send = (secret: string, method: string, path: string, body?: string) =>
  fetch(new URL(path, server.url), {
    method,
    headers: { authorization: `Bearer ${secret}`, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body }),
  });

// One story; each step builds on those before.
describe("tokens", () => {
  let secret = "";

  it("are shown once", async () => {
    await firstVisit(page);
    await page.goto("/settings/tokens");
    await page.getByText("Es gibt noch kein Token.").waitFor();
    await page.getByRole("button", { name: "Token anlegen" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Anlegen" }).click();
    await dialog.getByText("Wählen Sie mindestens eines").waitFor();
    await dialog.getByLabel("Wofür es ist").fill("Warenwirtschaft");
    await dialog.getByRole("checkbox", { name: "Nur ERP-Daten" }).check();
    await dialog.getByLabel("Läuft ab").fill("2099-12-31");
    await checked(page, "token-dialog");
    await dialog.getByRole("button", { name: "Anlegen" }).click();
    secret = (await page.getByText(/^pst_/u).textContent()) ?? "";
    expect(secret).toMatch(/^pst_[\w-]{43}$/u);
    await checked(page, "token-shown");
    await page.getByRole("button", { name: "Hinterlegt" }).click();
    const card = page.getByRole("article", { name: "Warenwirtschaft" });
    await card.getByText("Nur ERP-Daten").waitFor();
    await card.getByText("nie", { exact: true }).waitFor();
    await page.reload();
    await card.waitFor();
    expect(await page.getByText(/pst_/u).count()).toBe(0);
  });

  it("let a program send records, and nothing else", async () => {
    const order = JSON.stringify({ name: "Schreibtisch", contact: "K1" });
    const put = await send(secret, "PUT", "/api/v1/records/order/B-2026-1", order);
    expect(put.status).toBe(200);
    expect((await send(secret, "GET", "/api/v1/messages")).status).toBe(403);
    expect((await send(secret, "GET", "/api/v1/users")).status).toBe(403);
    await page.reload();
    const card = page.getByRole("article", { name: "Warenwirtschaft" });
    await card.waitFor();
    expect(await card.getByText("nie", { exact: true }).count()).toBe(0);
    await page.goto("/record/order/B-2026-1");
    await page.getByText("Schreibtisch").first().waitFor();
  });

  it("can be revoked, in English and on a phone", async () => {
    await page.goto("/settings/tokens");
    await page.getByRole("article", { name: "Warenwirtschaft" }).waitFor();
    await chooseLanguage(page, "English");
    await page.setViewportSize({ width: 390, height: 844 });
    const card = page.getByRole("article", { name: "Warenwirtschaft" });
    await card.getByText("ERP data only").waitFor();
    await checked(page, "tokens-phone");
    await card.getByRole("button", { name: "Revoke Warenwirtschaft" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await page.getByText("There is no token yet.").waitFor();
    expect((await send(secret, "GET", "/api/v1/records?kind=order")).status).toBe(401);
    await page.goto("/audit");
    await page.getByText("Token “Warenwirtschaft” of Mara Vogt revoked").waitFor();
  });
});
