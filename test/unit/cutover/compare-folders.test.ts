import { describe, expect, test } from "vitest";
import { compareFolders } from "../../../src/cutover/compare-folders.ts";
import type { FolderComparison } from "../../../src/cutover/comparison.ts";
import { remedySentences } from "../../../src/cutover/remedies.ts";
import type { LedgerFolder } from "../../../src/model/ledger.ts";
import { ContentDigest } from "../../../src/upstream/imap/reading/content-digest.ts";
import type { Reader } from "../../../src/upstream/imap/reading/reader.ts";

/** A server's folders as name → contents of the messages, whose UIDs are 1, 2, … */
type Folders = Record<string, readonly string[]>;

describe("comparing an account's folders", () => {
  test("finds equal what was copied, with folder names decoded", async () => {
    const [folder] = await compare({ "Posta &- Caff&AOg-": ["a", "b"] }, { X: ["a", "b"] }, [
      row("Posta &- Caff&AOg-", "X", 2),
    ]);
    expect(folder).toMatchObject({
      source: "Posta & Caffè",
      target: "X",
      equal: true,
      sourceCount: 2,
      targetCount: 2,
      missing: 0,
      contentsCompared: 0,
    });
  });

  test("a folder that was never copied is missing with all its messages; an empty one is not missed", async () => {
    const [empty, full] = await compare({ Full: ["a"], Empty: [] }, {}, []);
    expect(full).toMatchObject({
      target: null,
      equal: false,
      missing: 1,
      missingMessages: [{ sourceUid: 1, refusal: null }],
    });
    expect(empty).toMatchObject({ target: null, equal: true, missing: 0 });
  });

  test("a folder that the user removed on the target is their wish", async () => {
    const [folder] = await compare({ Old: ["a", "b"] }, {}, [row("Old", "Old", 2)]);
    expect(folder).toMatchObject({ equal: true, removedOnTarget: 2, targetCount: 0 });
  });

  test("reads the contents of messages whose sizes differ, and forgives line ends that the target mended", async () => {
    const rows = [row("INBOX", "INBOX", 1)];
    const [mended] = await compare({ INBOX: ["a\nb\n"] }, { INBOX: ["a\r\nb\r\n"] }, rows);
    expect(mended).toMatchObject({ equal: true, mended: 1, contentsCompared: 1 });
    const [cut] = await compare({ INBOX: ["a\r\nb\r\n"] }, { INBOX: ["a\r\n"] }, rows);
    expect(cut).toMatchObject({ equal: false, differences: 1 });
    expect(cut?.different[0]?.message).toBe("contents differ: 6 octets at the source and 3 on the target");
  });

  test("counts what the target took mended or wrapped only as there, and says so with its words", async () => {
    const cover = `cover of ${"a\0b".repeat(3)}`;
    const steps = [{ step: "as-is" as const, words: "no NULs" }];
    const entries = [
      { ...entry(1, 1, 3), remedy: "mended" as const, steps },
      { ...entry(2, 2, 9), remedy: "wrapped" as const, steps },
    ];
    const rows = [{ ...row("INBOX", "INBOX", 0), entries }];
    const before = { INBOX: ["a\0b", "a\0b".repeat(3)] };
    for (const deep of [false, true]) {
      const [folder] = await compare(before, { INBOX: ["ab\r\n", cover] }, rows, { deep });
      expect(folder).toMatchObject({ equal: true, missing: 0, mended: 0, differences: 0 });
      expect(folder?.remedied).toEqual({
        mended: 1,
        wrapped: 1,
        messages: [
          { sourceUid: 1, targetUid: 1, remedy: "mended", words: "no NULs" },
          { sourceUid: 2, targetUid: 2, remedy: "wrapped", words: "no NULs" },
        ],
      });
      expect(folder && remedySentences(folder.remedied)).toEqual([
        "stored mended: 1, wrapped: 1, because the target refused the messages as they are: no NULs (2)",
      ]);
    }
    const [cut] = await compare(before, { INBOX: ["a\r\n", "cover"] }, rows);
    expect(cut?.different.map((one) => one.message)).toEqual([
      "the covering message has 5 octets, too few for the 9 that it should hold",
      "contents differ, with 3 octets on both sides",
    ]);
  });

  test("only a deep comparison finds other contents of the same size, and says how far it is", async () => {
    const rows = [row("INBOX", "INBOX", 1)];
    const [shallow] = await compare({ INBOX: ["abc"] }, { INBOX: ["abd"] }, rows);
    expect(shallow?.equal).toBe(true);
    const said: string[] = [];
    const [deep] = await compare({ INBOX: ["abc"] }, { INBOX: ["abd"] }, rows, {
      deep: true,
      onProgress: (at) => said.push(`${at.address} ${at.folder} ${at.contentsDone}/${at.contentsTotal}`),
    });
    expect(deep).toMatchObject({
      equal: false,
      different: [{ kind: "content", sourceUid: 1, targetUid: 1 }],
    });
    expect(said).toEqual(["anna@example.org INBOX 1/1"]);
  });

  test("names a folder that the domain excludes, and misses nothing of it", async () => {
    const all = await compareAll(
      { INBOX: ["a"], "Caff&AOg-/x": ["b"] },
      { INBOX: ["a"] },
      [row("INBOX", "INBOX", 1)],
      {
        exclude: ["Caffè/*"],
      },
    );
    expect(all.excluded).toEqual([{ source: "Caffè/x", reason: "rule" }]);
    expect(all.folders.map((folder) => [folder.source, folder.equal])).toEqual([["INBOX", true]]);
  });

  test("INBOX is one folder in any spelling", async () => {
    const [folder] = await compare({ Inbox: ["a"] }, { INBOX: ["a"] }, [row("INBOX", "inbox", 1)]);
    expect(folder).toMatchObject({ equal: true, missing: 0, removedOnTarget: 0 });
  });

  test("messages of two source folders in one target folder are not extra to each other", async () => {
    const rows = [row("A", "All", 1), { ...row("B", "All", 0), entries: [entry(1, 2, 1)] }];
    const folders = await compare({ A: ["a"], B: ["b"] }, { All: ["a", "b"] }, rows);
    expect(folders.map((one) => [one.equal, one.extra])).toEqual([
      [true, 0],
      [true, 0],
    ]);
  });

  test("lists many missing messages only in part and counts them all", async () => {
    const [folder] = await compare({ Full: Array.from({ length: 300 }, () => "a") }, {}, []);
    expect(folder?.missing).toBe(300);
    expect(folder?.missingMessages).toHaveLength(200);
  });
});

async function compare(
  source: Folders,
  target: Folders,
  ledger: readonly LedgerFolder[],
  options: Partial<Parameters<typeof compareFolders>[2]> = {},
): Promise<readonly FolderComparison[]> {
  return (await compareAll(source, target, ledger, options)).folders;
}

function compareAll(
  source: Folders,
  target: Folders,
  ledger: readonly LedgerFolder[],
  options: Partial<Parameters<typeof compareFolders>[2]> = {},
) {
  return compareFolders({ source: reader(source), target: reader(target) }, ledger, {
    address: "anna@example.org",
    deep: false,
    exclude: [],
    copiedSince: 0,
    ...options,
  });
}

function reader(folders: Folders): Reader {
  let open: readonly string[] = [];
  return {
    client: "own",
    folders: async () =>
      Object.keys(folders).map((name) => ({
        name,
        selectable: true,
        levels: name.split("/"),
        isView: false,
      })),
    open: async (name) => {
      open = folders[name] ?? [];
      return { uidValidity: 1, exists: open.length };
    },
    async *messages() {
      for (const [at, text] of open.entries())
        yield { uid: at + 1, size: text.length, flags: [], internalDate: 0, messageId: null };
    },
    async *digests(wanted) {
      for (const { uid } of wanted) {
        const digest = new ContentDigest();
        digest.update(Buffer.from(open[uid - 1] ?? ""));
        yield digest.finish(uid);
      }
    },
    close: async () => undefined,
  };
}

function row(source: string, target: string, count: number): LedgerFolder {
  return {
    source,
    sourceUidValidity: 1,
    sourceUidNext: null,
    sourceMessages: null,
    sourceHighestModSeq: null,
    target,
    targetUidValidity: 1,
    entries: Array.from({ length: count }, (_, at) => entry(at + 1, at + 1, 1)),
  };
}

function entry(sourceUid: number, targetUid: number, size: number) {
  return { sourceUid, targetUid, flags: [], internalDate: 0, size, refusal: null };
}
