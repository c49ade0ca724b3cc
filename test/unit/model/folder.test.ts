import { describe, expect, it } from "vitest";
import { type FolderFacts, hierarchyOf } from "../../../src/model/folder.ts";
import { parentOf, targetNames, translateLeaf, translateName } from "../../../src/model/folder-names.ts";

const slash = { separator: "/", prefix: "" };
const dot = { separator: ".", prefix: "" };
const courier = { separator: ".", prefix: "INBOX." };

function folder(name: string, attributes: string[] = [], separator: string | null = "/"): FolderFacts {
  return { name, separator, attributes };
}

describe("hierarchyOf", () => {
  it("takes INBOX. for a prefix where every folder hangs below INBOX", () => {
    const listed = [
      folder("INBOX", [], "."),
      folder("INBOX.Sent", [], "."),
      folder("INBOX.Sent.2019", [], "."),
    ];
    expect(hierarchyOf(listed)).toEqual(courier);
  });

  it("takes it for a level of its own where other folders stand beside INBOX", () => {
    expect(hierarchyOf([folder("INBOX"), folder("INBOX/Work"), folder("Sent")])).toEqual(slash);
  });

  it("knows no prefix of an account that has INBOX only", () => {
    expect(hierarchyOf([folder("INBOX")])).toEqual(slash);
  });
});

describe("translateName", () => {
  it("exchanges separators and prefixes", () => {
    expect(translateName("INBOX.Work.2020", courier, slash)).toBe("Work/2020");
    expect(translateName("Work/2020", slash, courier)).toBe("INBOX.Work.2020");
    expect(translateName("a/b/c/d/e/f", slash, dot)).toBe("a.b.c.d.e.f");
  });

  it("knows INBOX in any case", () => {
    expect(translateName("Inbox", dot, courier)).toBe("INBOX");
  });

  it("writes the target's separator in a name so that two names never become one", () => {
    expect(translateName("2019/2020", dot, slash)).toBe("2019%2F2020");
    expect(translateName("2019%2F2020", dot, slash)).toBe("2019%252F2020");
    expect(translateName("100% sure", dot, slash)).toBe("100% sure");
    expect(translateName("v1.0", slash, dot)).toBe("v1%2E0");
  });

  it("leaves the octets of modified UTF-7 alone, sound or not", () => {
    expect(translateName("Caff&AOg-.a&b", dot, slash)).toBe("Caff&AOg-/a&b");
  });
});

describe("parentOf and translateLeaf", () => {
  it("find the level above and the last level, never the prefix", () => {
    expect(parentOf("INBOX.Work.2020", courier)).toBe("INBOX.Work");
    expect(parentOf("INBOX.Work", courier)).toBeNull();
    expect(parentOf("Work", slash)).toBeNull();
    expect(translateLeaf("INBOX.Work.a/b", courier, slash)).toBe("a%2Fb");
    expect(translateLeaf("INBOX.Work", courier, slash)).toBe("Work");
  });
});

describe("targetNames", () => {
  const choice = {
    source: "x",
    hierarchy: slash,
    taken: new Set<string>(),
    wantedByOthers: new Set<string>(),
    existing: new Set<string>(),
  };

  it("tries the name itself, then a plain one, then marked ones", () => {
    const tried = targetNames({ ...choice, source: "~v1.0*", wanted: "~v1.0*" });
    expect(tried.slice(0, 2)).toEqual(["~v1.0*", "_v1_0_"]);
    expect(tried[2]).toMatch(/^_v1_0_-[0-9a-f]{8}$/);
    expect(tried[3]).toMatch(/^Folder-[0-9a-f]{8}$/);
  });

  it("keeps the target's prefix in every one of them", () => {
    const tried = targetNames({ ...choice, hierarchy: courier, source: "~x", wanted: "INBOX.~x" });
    expect(tried).toHaveLength(4);
    expect(tried.every((name) => name.startsWith("INBOX."))).toBe(true);
  });

  it("keeps accents in a plain name and mends names that a file system refuses", () => {
    expect(targetNames({ ...choice, wanted: "Caff&AOg-.it/cur" })[1]).toBe("Caff&AOg-_it/cur_");
    expect(targetNames({ ...choice, wanted: "a&b/ x" })[1]).toBe("a_b/_x");
    expect(targetNames({ ...choice, wanted: "caf\u00e9" })[1]).toBe("caf_");
  });

  it("never gives a name that another source folder has", () => {
    const taken = new Set(["Sent", "INBOX"]);
    expect(targetNames({ ...choice, wanted: "Sent", taken })).not.toContain("Sent");
    expect(targetNames({ ...choice, wanted: "inbox", taken })).not.toContain("inbox");
  });

  it("never falls back on a name that another source folder wants or somebody else's folder has", () => {
    const wanted = "v1.0";
    expect(targetNames({ ...choice, wanted, wantedByOthers: new Set(["v1_0"]) })).not.toContain("v1_0");
    expect(targetNames({ ...choice, wanted, existing: new Set(["v1_0"]) })).not.toContain("v1_0");
  });

  it("marks two names of one plain form apart", () => {
    const a = targetNames({ ...choice, source: "a.b", wanted: "a.b" });
    const b = targetNames({ ...choice, source: "a~b", wanted: "a~b" });
    expect(a[2]).not.toBe(b[2]);
  });
});
