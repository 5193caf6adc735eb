import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { accountNameFor } from "../imports/accountName";
import { localPath } from "../views/localPath";
import { bucketOf, initialsOf } from "./initials";

it("makes initials of names and addresses", () => {
  expect(initialsOf("Peter Yıldız")).toBe("PY");
  expect(initialsOf("ülkü")).toBe("Ü");
  expect(initialsOf("anna.meier@firma.de")).toBe("AM");
  expect(initialsOf("  ")).toBe("?");
  expect(bucketOf("a@b.de", 8)).toBe(bucketOf("a@b.de", 8));
});

it("names an import after what was dropped", () => {
  expect(accountNameFor(["archiv-2019.mbox.gz"])).toBe("archiv-2019");
  expect(accountNameFor(["Maildir/cur/1", "Maildir/cur/2"])).toBe("Maildir");
  expect(accountNameFor([])).toBe("");
});

it("goes nowhere else after the login", () => {
  expect(localPath("/mail/all?id=1")).toBe("/mail/all?id=1");
  for (const next of ["//evil.example", "/\\evil.example", "https://evil.example", "/login", "/login?next=/", undefined]) {
    expect(localPath(next)).toBe("/");
  }
});

it("ships the style of every Mantine component it uses", () => {
  const list = readFileSync("src/styles/mantine.css", "utf8");
  const sources = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".tsx"));
  const used = sources.flatMap((name) =>
    [...readFileSync(join("src", name), "utf8").matchAll(/import \{([^}]*)\} from "@mantine\/core"/gu)].flatMap(
      ([, names = ""]) => names.split(",").map((one) => one.trim()),
    ),
  );
  const missing = [...new Set(used)].filter(
    (name) => existsSync(`node_modules/@mantine/core/styles/${name}.css`) && !list.includes(`/${name}.css`),
  );
  expect(missing).toEqual([]);
});
