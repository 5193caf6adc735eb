import { describe, expect, it } from "vitest";
import de from "../lang/de.json";
import { COMMANDS, interpret, PAIR_MS, type Pending } from "./registry";

const none: Pending = { first: undefined, at: 0 };

function stroke(key: string, part: { ctrl?: boolean; shift?: boolean; alt?: boolean } = {}) {
  return { key, ctrl: false, shift: false, alt: false, ...part };
}

describe("keys", () => {
  it("mean one command each", () => {
    const all = COMMANDS.flatMap((command) => [...command.keys]);
    expect(new Set(all).size).toBe(all.length);
  });

  it("have a name each", () => {
    expect(Object.keys(de.keys.names).sort()).toEqual(COMMANDS.map(({ id }) => id).sort());
  });

  it("are understood alone, with Ctrl and in pairs", () => {
    expect(interpret(stroke("j"), none, 0, true).command).toBe("next");
    expect(interpret(stroke("k", { ctrl: true }), none, 0, true).command).toBe("palette");
    const first = interpret(stroke("g"), none, 0, true);
    expect(first.command).toBeUndefined();
    expect(interpret(stroke("i"), first.pending, PAIR_MS, true).command).toBe("goAll");
    expect(interpret(stroke("i"), first.pending, PAIR_MS + 1, true).command).toBeUndefined();
  });

  it("are told apart from capital letters, while signs carry their shift", () => {
    expect(interpret(stroke("I", { shift: true }), none, 0, true).command).toBe("toggleRead");
    expect(interpret(stroke("?", { shift: true }), none, 0, true).command).toBe("help");
  });

  it("can be switched off, except those with Ctrl", () => {
    expect(interpret(stroke("j"), none, 0, false).command).toBeUndefined();
    expect(interpret(stroke("K", { ctrl: true }), none, 0, false).command).toBe("palette");
  });
});
