import { describe, expect, it } from "vitest";
import type { Account } from "../api/types";
import { changeOf, commonOf, NOTHING, offeredTo } from "./together";
import { chosenAfter } from "./selection";

const ALL = ["a", "b", "c", "d"];

describe("choosing", () => {
  it("takes one more, and lets it go", () => {
    expect([...chosenAfter(new Set(["a"]), ALL, "c", undefined, false)]).toEqual(["a", "c"]);
    expect([...chosenAfter(new Set(["a", "c"]), ALL, "c", "c", false)]).toEqual(["a"]);
  });

  it("takes all between with the shift key, in both directions", () => {
    expect([...chosenAfter(new Set(["b"]), ALL, "d", "b", true)]).toEqual(["b", "c", "d"]);
    expect([...chosenAfter(new Set(["d"]), ALL, "a", "d", true)].sort()).toEqual(ALL);
    expect([...chosenAfter(new Set(ALL), ALL, "b", "d", true)]).toEqual(["a"]);
  });

  it("takes one if the last is not there any more", () => {
    expect([...chosenAfter(new Set(), ALL, "d", "gone", true)]).toEqual(["d"]);
  });
});

const account = (kind: Account["kind"], pollSeconds = 60, active = true): Account =>
  ({
    id: kind,
    kind,
    active,
    connection: kind === "import" ? null : { poll_seconds: pollSeconds },
    handling: { role: "normal" },
  }) as unknown as Account;

describe("what several accounts can get", () => {
  it("is what all of them have", () => {
    expect(offeredTo([account("imap"), account("graph")])).toEqual({ fetched: true, folders: true });
    expect(offeredTo([account("imap"), account("pop3")])).toEqual({ fetched: true, folders: false });
    expect(offeredTo([account("imap"), account("import")])).toEqual({ fetched: false, folders: false });
  });

  it("shows what they have in common", () => {
    expect(commonOf([account("imap", 60), account("pop3", 60)])).toEqual({ active: true, pollSeconds: 60, role: "normal" });
    expect(commonOf([account("imap", 60), account("imap", 90, false)])).toEqual({
      active: undefined,
      pollSeconds: undefined,
      role: "normal",
    });
  });

  it("names only what is to change", () => {
    expect(changeOf(NOTHING)).toEqual({});
    expect(changeOf({ ...NOTHING, active: "off", pollMinutes: 2, deleted: "later", days: 30 })).toEqual({
      active: false,
      poll_seconds: 120,
      delete_after: { days: 30 },
    });
    expect(changeOf({ ...NOTHING, fetched: "move", folder: " Fertig ", deleted: "never" })).toEqual({
      fetched: "move",
      fetched_folder: "Fertig",
      delete_after: "never",
    });
  });
});
