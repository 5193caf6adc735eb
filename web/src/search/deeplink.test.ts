import { expect, it } from "vitest";
import { isOlderForm, translate } from "./deeplink";

it("understands the older form", () => {
  const q = "(from_email~equals~test@test.de)";
  expect(isOlderForm(q)).toBe(true);
  expect(translate(q, "read", "dmaildate")).toEqual({ q: "from:test@test.de -is:unread", sort: "date" });
});

it("knows its fields and operators", () => {
  expect(translate("(to_email~contains~firma)", undefined, undefined).q).toBe("to:firma");
  expect(translate("(subject~starts~Rechnung)", "unread", undefined).q).toBe("subject:Rechnung* is:unread");
  expect(translate("(subject~equals~Neue Bankverbindung)", undefined, undefined).q).toBe('subject:"Neue Bankverbindung"');
  expect(translate("(from_email~equals~a@b.de)~and~(subject~contains~x)", undefined, undefined).q).toBe(
    "from:a@b.de subject:x",
  );
});

it("never turns an unknown field into a search for everything", () => {
  expect(translate("(customer~equals~4711)", undefined, undefined).q).toBe("4711");
});

it("leaves today's queries alone", () => {
  expect(isOlderForm("from:test@test.de")).toBe(false);
  expect(isOlderForm("(Angebot OR Bestellung)")).toBe(false);
});
