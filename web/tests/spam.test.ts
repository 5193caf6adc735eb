import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checked, type Window } from "./browser";
import { letter } from "./mails";
import { end, freePort, untilReady } from "./processes";
import { chooseLanguage, firstVisit, newStory } from "./story";

let filter: Filter;
let window: Window;
let page: Page;

newStory((story) => {
  ({ window, page } = story);
});

interface Filter {
  address: string;
  remove: () => Promise<void>;
}

/** A real rspamd without rules of its own. */
async function newFilter(): Promise<Filter> {
  const root = await mkdtemp(join(tmpdir(), "poststelle-rspamd-"));
  const port = await freePort();
  const conf = join(root, "rspamd.conf");
  await writeFile(
    conf,
    `options { pidfile = "${root}/rspamd.pid"; tempdir = "${root}"; filters = ""; gtube_patterns = "all"; dns { nameserver = ["127.0.0.1:1"]; } }
logging { type = "console"; level = "error"; }
actions { reject = 15; add_header = 6; greylist = 4; }
worker "normal" { bind_socket = "127.0.0.1:${port}"; count = 1; }
`,
  );
  const child = spawn("rspamd", ["-i", "-f", "-c", conf], { stdio: "ignore" });
  await untilReady(child, "rspamd (package rspamd)", async () => {
    try {
      return (await fetch(`http://127.0.0.1:${port}/ping`)).ok;
    } catch {
      return false;
    }
  });
  return {
    address: `rspamd://127.0.0.1:${port}`,
    remove: async () => {
      await end(child);
      await rm(root, { recursive: true, force: true });
    },
  };
}

beforeAll(async () => {
  filter = await newFilter();
});

afterAll(() => filter.remove());

const file = (n: number, subject: string, fields = "") => ({
  name: `${n}.eml`,
  mimeType: "message/rfc822",
  buffer: Buffer.from(fields + letter("Eva Kunde <eva@kunde.example>", subject, `s-${n}@kunde.example`, `Zebrafink ${n}`)),
});
const list = (name = "Alle Mails") => page.getByRole("list", { name });
const row = (subject: string, name?: string) => list(name).getByRole("listitem").filter({ hasText: subject });
const reader = () => page.getByRole("article");
const button = (name: string) => page.getByRole("button", { name, exact: true });
const box = (subject: string) => page.getByRole("checkbox", { name: `${subject} auswählen`, exact: true });
const hidden = { state: "hidden" } as const;

async function undo(name = "Rückgängig"): Promise<void> {
  await button(name).last().click();
  await button(name).waitFor(hidden);
}

// One story; each step builds on those before.
describe("suspected spam", () => {
  it("is marked in the list, and hidden nowhere", async () => {
    await firstVisit(page);
    await page.goto("/imports");
    await page.setInputFiles("input[type=file] >> nth=0", [
      file(1, "Gewinnspiel", "X-Spam-Flag: YES\r\n"),
      file(2, "Gutschein", "X-Spam-Status: Yes, score=9.1 required=5.0\r\n"),
      file(3, "Bestellung"),
      file(4, "Rechnung"),
    ]);
    await page.getByRole("combobox", { name: "In welches Konto?" }).fill("Vertrieb");
    await button("Import starten").click();
    await page.getByRole("article").first().getByText("Fertig").waitFor();
    await page.goto("/mail/all");
    await row("Gewinnspiel").getByText("Spamverdacht").waitFor();
    expect(await list().getByRole("listitem").count()).toBe(4);
    expect(await row("Bestellung").getByText("Spamverdacht").count()).toBe(0);
  });

  it("has a view of its own, where an open mail is checked and the next one opens", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("s");
    await page.getByRole("heading", { level: 1, name: "Spamverdacht" }).waitFor();
    await row("Gewinnspiel", "Spamverdacht").getByRole("link").click();
    await reader().getByText("Gekennzeichnet von X-Spam-Flag.").waitFor();
    await checked(page, "spam-view");
    await reader().getByRole("button", { name: "Geprüft: kein Spam" }).last().click();
    await page.getByText("Mail geprüft: kein Spam.").waitFor();
    await row("Gewinnspiel", "Spamverdacht").waitFor(hidden);
    await page.getByRole("heading", { level: 2, name: "Gutschein" }).waitFor();
    await undo();
    await row("Gewinnspiel", "Spamverdacht").waitFor();
    await page.keyboard.press("!");
    await row("Gutschein", "Spamverdacht").waitFor(hidden);
    await page.goto("/mail/all");
    await row("Gutschein").getByRole("link").click();
    await reader().getByText("Kein Spam", { exact: true }).waitFor();
  });

  it("is said of several at once, and taken back", async () => {
    await page.goto("/mail/all");
    await row("Bestellung").hover();
    await box("Bestellung").check();
    await box("Gewinnspiel").check();
    const bar = page.getByRole("group", { name: "Ausgewählte Mails" });
    await checked(page, "spam-selected");
    await bar.getByRole("button", { name: "Weitere Befehle" }).click();
    await page.getByRole("menuitem", { name: "Spam", exact: true }).click();
    await page.getByText("2 Mails als Spam gekennzeichnet.").waitFor();
    await row("Bestellung").getByText("Spamverdacht").waitFor();
    await undo();
    await row("Bestellung").getByText("Spamverdacht").waitFor(hidden);
    // The filter's word counts again.
    await row("Gewinnspiel").getByText("Spamverdacht").waitFor();
    await row("Bestellung").getByRole("link").click();
    await page.getByRole("heading", { level: 2, name: "Bestellung" }).waitFor();
    expect(await reader().getByText("Kein Spam", { exact: true }).count()).toBe(0);
  });

  it("is found by searches", async () => {
    await expect
      .poll(async () => {
        await page.goto("/mail?q=Zebrafink+is:spam");
        await list("Suche").getByRole("listitem").first().waitFor();
        return list("Suche").getByRole("listitem").allTextContents();
      })
      .toEqual([expect.stringContaining("Gewinnspiel")]);
  });

  it("is also what the filter says, which can be tested", async () => {
    await page.goto("/settings/attachments");
    const field = page.getByRole("textbox", { name: "Spamfilter", exact: true });
    await field.fill("rspamd://127.0.0.1:1");
    await button("Spamfilter testen").click();
    await page.getByText("Er antwortet nicht:").waitFor();
    await field.fill(filter.address);
    await button("Spamfilter testen").click();
    await page.getByText("rspamd antwortet und erkennt die Testmail als Spam.").waitFor();
    await checked(page, "spam-filter-test");
  });

  it("fits on a phone, in English", async () => {
    await chooseLanguage(page, "English");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto("/mail/spam");
    await row("Gewinnspiel", "Suspected spam").getByText("Suspected spam").waitFor();
    await page.getByRole("checkbox", { name: "Select Gewinnspiel" }).check({ force: true });
    await checked(page, "spam-phone");
    await page.getByRole("group", { name: "Selected mails" }).getByRole("button", { name: "More commands" }).click();
    await page.getByRole("menuitem", { name: "Checked: no spam" }).click();
    await page.getByText("No suspected spam.").waitFor();
    expect(window.watch.troubles).toEqual([]);
    expect(window.watch.outside).toEqual([]);
  });
});
