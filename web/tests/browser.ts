import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

/** Longer than anything takes on a busy machine. */
const WAIT_MS = 30_000;

/** The shell without a window takes a fifth less of the processor. */
const CHROMIUM = process.env["CHROMIUM_BIN"] ?? ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].find(existsSync);
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** What went wrong on a page that nobody looks at. */
export interface Watch {
  /** Requests to anywhere but the server. They are not let through. */
  outside: string[];
  /** Scripts that failed, what the policy of the page forbade, and dialogs. */
  troubles: string[];
}

export interface Window {
  context: BrowserContext;
  page: Page;
  watch: Watch;
}

/** A window of its own in German, unless said otherwise. */
export async function openWindow(browser: Browser, base: string, options: BrowserContextOptions = {}): Promise<Window> {
  const context = await browser.newContext({
    baseURL: base,
    locale: "de-DE",
    timezoneId: "Europe/Berlin",
    viewport: { width: 1440, height: 900 },
    // Half-way through a movement, colours have less contrast than they end with.
    reducedMotion: "reduce",
    ...options,
  });
  const watch: Watch = { outside: [], troubles: [] };
  await context.route("**/*", async (route) => {
    const url = route.request().url();
    const inside = url.startsWith(`${base}/`);
    if (!inside) {
      watch.outside.push(url);
    }
    // A page that is left wants no answer any more.
    await (inside ? route.continue() : route.abort()).catch(() => undefined);
  });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  page.on("pageerror", (error) => watch.troubles.push(error.message));
  page.on("dialog", (dialog) => {
    watch.troubles.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    // Chromium reports every refused answer; those are for the tests to judge.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      watch.troubles.push(message.text());
    }
  });
  return { context, page, watch };
}

interface Violation {
  id: string;
  impact: string | null | undefined;
  nodes: { target: unknown[] }[];
}

/** Ends when nothing moves any more that ends by itself. */
function stillness(page: Page): Promise<unknown> {
  return page.evaluate(async () => {
    const ending = () => document.getAnimations().filter((one) => one.effect?.getComputedTiming().iterations !== Infinity);
    for (let moving = ending(); moving.some((one) => one.playState === "running"); moving = ending()) {
      await Promise.allSettled(moving.map((one) => one.finished));
    }
  });
}

/** Serious and critical findings of axe, each with the first places. */
export async function axeFindings(page: Page): Promise<string[]> {
  await stillness(page);
  // The policy of the page forbids evaluating text, so axe comes in through the debugger.
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: AXE });
  const { result } = await session.send("Runtime.evaluate", {
    expression: 'axe.run(document, { resultTypes: ["violations"], iframes: false }).then((found) => JSON.stringify(found.violations))',
    awaitPromise: true,
  });
  await session.detach();
  const violations = JSON.parse(String(result.value)) as Violation[];
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ target }) => target.join(" ")).join(", ")}`);
}

/** Whether the page is wider than the window it is in. */
export function overflowsSideways(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}

/** Looks at the page as axe does, and at its width; keeps a picture of this name in the folder `PICTURES` of the environment, if given. */
export async function checked(page: Page, name: string): Promise<void> {
  const folder = process.env["PICTURES"];
  if (folder !== undefined) {
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  }
  expect(await axeFindings(page), name).toEqual([]);
  expect(await overflowsSideways(page), name).toBe(false);
}
