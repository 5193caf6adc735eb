import { describe, expect, it } from "vitest";
import de from "./de.json";
import en from "./en.json";
import { formatLocale, initialLanguage } from "./language";

/** Every text by its full key. */
function texts(tree: object, path = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(tree as Record<string, unknown>)) {
    const key = path === "" ? name : `${path}.${name}`;
    if (typeof value === "string") {
      found.set(key, value);
    } else {
      texts(value as object, key).forEach((text, inner) => found.set(inner, text));
    }
  }
  return found;
}

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/gu)].map(([, name]) => name).sort();

describe("the language files", () => {
  const german = texts(de);
  const english = texts(en);

  it("have the same keys", () => {
    expect([...english.keys()].sort()).toEqual([...german.keys()].sort());
  });

  it("have the same placeholders", () => {
    for (const [key, text] of german) {
      // "ein weiterer" and "one other" need no number.
      if (!key.endsWith("_one")) {
        expect([key, placeholders(english.get(key) ?? "")]).toEqual([key, placeholders(text)]);
      }
    }
  });

  it("have both forms of a plural", () => {
    for (const key of german.keys()) {
      if (key.endsWith("_one")) {
        expect(german.has(key.replace(/_one$/u, "_other")), key).toBe(true);
      }
    }
  });

  it("keep to the words of the product", () => {
    for (const [key, text] of german) {
      expect(text, key).not.toMatch(/E-Mail|\b[Dd]u\b|\b[Dd]ein/u);
      expect(text, key).not.toMatch(/\.\.\.|"/u);
    }
    for (const [key, text] of english) {
      expect(text.replaceAll(/\{\w+\}/gu, ""), key).not.toMatch(/e-?mail\b|\.\.\.|"/iu);
    }
  });

  it("leave no text empty", () => {
    for (const [key, text] of [...german, ...english]) {
      expect(text.trim(), key).toBe(text);
      expect(text, key).not.toBe("");
    }
  });
});

describe("the first language", () => {
  it("is what was chosen, then the browser's, then English", () => {
    expect(initialLanguage("en", ["de-DE"])).toBe("en");
    expect(initialLanguage(null, ["fr-FR", "de-AT"])).toBe("de");
    expect(initialLanguage("fr", ["fr"])).toBe("en");
  });

  it("takes the region of the browser where the language is the same", () => {
    expect(formatLocale("de", ["de-AT", "en"])).toBe("de-AT");
    expect(formatLocale("en", ["de-DE"])).toBe("en-GB");
    expect(formatLocale("de", ["en-US"])).toBe("de-DE");
  });
});
