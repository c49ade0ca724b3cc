import { describe, expect, it } from "vitest";
import { renamedFolders } from "../../../src/cli/renamed-folders.ts";
import { isSetAside, nameBefore, setAsideName } from "../../../src/model/set-aside.ts";

describe("the ledger's name for a folder whose name another one has", () => {
  it("tells what it was called, also when it is set aside again", () => {
    const name = setAsideName("Work/This year", 17);
    expect([name, "Work/This year"].map((one) => isSetAside(one))).toEqual([true, false]);
    expect(nameBefore(name)).toBe("Work/This year");
    expect(nameBefore(setAsideName(name, 18, 2))).toBe("Work/This year");
    expect(nameBefore("Work/This year")).toBe("Work/This year");
  });

  it("is one that no server can have: names are octets", () => {
    const codes = Array.from(setAsideName("Work", 17), (character) => character.codePointAt(0) ?? 0);
    expect(Math.max(...codes)).toBeGreaterThan(0xff);
  });

  it("differs by UIDVALIDITY and count", () => {
    const names = [setAsideName("Work", 1), setAsideName("Work", 2), setAsideName("Work", 1, 1)];
    expect(new Set(names).size).toBe(3);
  });

  it("is not shown as a folder that is called otherwise on the target", () => {
    expect(renamedFolders([{ source: setAsideName("Work", 17), target: "Work" }], [])).toEqual([]);
  });
});
