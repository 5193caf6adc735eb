import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { openBrowser, openWindow, type Window } from "./browser";
import { newServer, type Server } from "./server";

export const EMAIL = "mara.vogt@example.org";
export const PASSWORD = "ein sehr langes Kennwort";

export interface Story {
  server: Server;
  browser: Browser;
  window: Window;
  page: Page;
}

/** A server, a browser and a window for the steps of a test file; `begin` hears of them before the first step. */
export function newStory(begin: (story: Story) => void): void {
  let story: Story;
  beforeAll(async () => {
    const [server, browser] = await Promise.all([newServer(), openBrowser()]);
    const window = await openWindow(browser, server.url);
    story = { server, browser, window, page: window.page };
    begin(story);
  });
  afterAll(async () => {
    await story.browser.close();
    await story.server.remove();
  });
}

/** The first visit, to the end of the page for the first user. */
export async function fillFirstUser(page: Page): Promise<void> {
  await page.getByLabel("Name der Organisation").fill("Musterverein");
  await page.getByLabel("Ihr Name").fill("Mara Vogt");
  await page.getByLabel("Mailadresse").fill(EMAIL);
  await page.getByLabel("Kennwort", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Kennwort wiederholen").fill(PASSWORD);
}

/** The whole first visit; ends at the question whether to try it with sample mails. */
export async function firstVisit(page: Page): Promise<void> {
  await page.goto("/");
  await page.getByRole("button", { name: "Weiter" }).click();
  await fillFirstUser(page);
  await page.getByRole("button", { name: "Anlegen und anmelden" }).click();
  await page.getByRole("button", { name: "Mit Beispielmails ausprobieren" }).waitFor();
}

/** Logs in as somebody else; ends at the list of mails, when nothing of the login page is left. */
export async function logIn(page: Page, server: Server, email: string): Promise<void> {
  await page.request.delete("/api/v1/session", { headers: { Origin: server.url } });
  await page.goto("/login");
  await page.locator("input[type=email]").fill(email);
  await page.locator("input[type=password]").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/mail/all");
  await page.locator("input[type=password]").waitFor({ state: "detached" });
  await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
}

/** Chooses a language, and waits until the profile has it: the next page begins in the profile's. */
export async function chooseLanguage(page: Page, name: "Deutsch" | "English"): Promise<void> {
  await page.getByRole("button", { name: /^(Sprache|Language)/u }).click();
  await Promise.all([
    page.waitForResponse((answer) => answer.url().endsWith("/api/v1/me") && answer.request().method() === "PATCH"),
    page.getByRole("menuitem", { name }).click(),
  ]);
}
