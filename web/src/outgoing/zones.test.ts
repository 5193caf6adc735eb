import { describe, expect, it } from "vitest";
import { zoneNames } from "./zones";

describe("zones to choose from", () => {
  it("begin with the browser's own and have the kept one, each once", () => {
    const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    const names = zoneNames("Etc/GMT+3");
    expect(names.slice(0, 2)).toEqual([own, "Etc/GMT+3"]);
    expect(names).toContain("Europe/Berlin");
    expect(new Set(names).size).toBe(names.length);
    expect(zoneNames("")).not.toContain("");
  });
});
