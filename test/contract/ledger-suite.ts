import { describe, expect } from "vitest";
import { FencedError, NotFoundError, type Store, StoreConflictError } from "../../src/store/store.ts";
import { testWithStore } from "./fixture.ts";
import { sampleAccount, sampleDomain, sampleEntry, sampleFolder, sampleIntent, T1 } from "./samples.ts";
import type { OpenStore } from "./store-suite.ts";

const X = "x@a.it";

async function begun(store: Store, token = 1): Promise<Store["ledger"]> {
  await store.domains.add(sampleDomain("a.it"));
  await store.accounts.addMany([sampleAccount(X), sampleAccount("y@a.it")], T1);
  await store.ledger.begin(X, token);
  return store.ledger;
}

export function ledgerSuite(open: OpenStore): void {
  const test = testWithStore(open);
  describe("the ledger", () => {
    test("a folder comes back with the octets of its names and figures beyond 32 bits", async ({ store }) => {
      const ledger = await begun(store);
      const folder = sampleFolder("Entw\xfcrfe/&AOg-\x80", {
        sourceUidValidity: 4_294_967_295,
        sourceUidNext: 12,
        sourceMessages: 3,
        sourceHighestModSeq: "18446744073709551615",
        target: "Drafts",
        targetUidValidity: null,
      });
      await ledger.putFolder(X, 1, folder);
      expect(await ledger.load(X)).toEqual([{ ...folder, entries: [] }]);
      expect(await ledger.load("y@a.it")).toEqual([]);
    });

    test("batches add up by ascending UID, and the latest word about a message counts", async ({ store }) => {
      const ledger = await begun(store);
      await ledger.putFolder(X, 1, sampleFolder("INBOX"));
      await ledger.record(X, 1, { source: "INBOX", entries: [sampleEntry(8), sampleEntry(9)] }, null);
      const refused = sampleEntry(2, { targetUid: null, refusal: "NO [TOOBIG] è" });
      await ledger.record(X, 1, { source: "INBOX", entries: [sampleEntry(3), refused] }, null);
      const stored = sampleEntry(2, { targetUid: 300, flags: [] });
      await ledger.record(X, 1, { source: "INBOX", entries: [stored] }, null);
      const expected = [stored, sampleEntry(3), sampleEntry(8), sampleEntry(9)];
      expect((await ledger.load(X))[0]?.entries).toEqual(expected);
    });

    test("folding changes nothing that can be read, before, between and after batches", async ({ store }) => {
      const ledger = await begun(store);
      for (const source of ["INBOX", "Sent"]) await ledger.putFolder(X, 1, sampleFolder(source));
      await ledger.fold(X, 1);
      await ledger.record(X, 1, { source: "INBOX", entries: [sampleEntry(1), sampleEntry(2)] }, null);
      await ledger.fold(X, 1);
      await ledger.record(
        X,
        1,
        { source: "INBOX", entries: [sampleEntry(2, { flags: ["\\Deleted"] }), sampleEntry(3)] },
        null,
      );
      const before = await ledger.load(X);
      await ledger.fold(X, 1);
      expect(await ledger.load(X)).toEqual(before);
      expect(before.map((folder) => folder.entries.length)).toEqual([3, 0]);
    });

    test("what is at hand of a folder is folded without being read again, in any order", async ({
      store,
    }) => {
      const ledger = await begun(store);
      for (const source of ["INBOX", "Sent"]) {
        await ledger.putFolder(X, 1, sampleFolder(source));
        await ledger.record(X, 1, { source, entries: [sampleEntry(1)] }, null);
        await ledger.record(X, 1, { source, entries: [sampleEntry(3)] }, null);
      }
      const before = await ledger.load(X);
      const known = [sampleEntry(3), sampleEntry(1)];
      await ledger.fold(X, 1, (source) => (source === "INBOX" ? known : undefined));
      expect(await ledger.load(X)).toEqual(before);
    });

    test("a new head of a folder leaves its entries, and replaced entries leave the head", async ({
      store,
    }) => {
      const ledger = await begun(store);
      await ledger.putFolder(X, 1, sampleFolder("INBOX"));
      await ledger.record(X, 1, { source: "INBOX", entries: [sampleEntry(1)] }, null);
      const head = sampleFolder("INBOX", { sourceUidNext: 2, target: "INBOX/Old" });
      await ledger.putFolder(X, 1, head);
      expect(await ledger.load(X)).toEqual([{ ...head, entries: [sampleEntry(1)] }]);
      await ledger.replaceEntries(X, 1, "INBOX", [sampleEntry(50), sampleEntry(40)]);
      expect(await ledger.load(X)).toEqual([{ ...head, entries: [sampleEntry(40), sampleEntry(50)] }]);
      await ledger.replaceEntries(X, 1, "INBOX", []);
      expect(await ledger.load(X)).toEqual([{ ...head, entries: [] }]);
    });

    test("that a refused message is to be tried again comes back, wherever it was kept", async ({
      store,
    }) => {
      const ledger = await begun(store);
      const refused = { targetUid: null, refusal: "no", tryAgain: true as const };
      const entries = [sampleEntry(1), sampleEntry(2, refused), sampleEntry(3)];
      await ledger.putFolder(X, 1, sampleFolder("INBOX"));
      await ledger.record(X, 1, { source: "INBOX", entries }, null);
      expect((await ledger.load(X))[0]?.entries).toEqual(entries);
      await ledger.fold(X, 1);
      expect((await ledger.load(X))[0]?.entries).toEqual(entries);
    });

    test("how a message was remedied comes back, and ends with the next word about it", async ({ store }) => {
      const ledger = await begun(store);
      await ledger.putFolder(X, 1, sampleFolder("INBOX"));
      const steps = [{ step: "as-is" as const, words: "no NULs" }];
      const mended = sampleEntry(1, { remedy: "mended", subject: "Caffè", steps });
      const refused = sampleEntry(2, { targetUid: null, refusal: "no", subject: "", steps: [] });
      await ledger.record(X, 1, { source: "INBOX", entries: [mended, refused, sampleEntry(3)] }, null);
      expect((await ledger.load(X))[0]?.entries).toEqual([mended, refused, sampleEntry(3)]);
      await ledger.fold(X, 1);
      expect((await ledger.load(X))[0]?.entries).toEqual([mended, refused, sampleEntry(3)]);
      await ledger.record(X, 1, { source: "INBOX", entries: [sampleEntry(1)] }, null);
      expect((await ledger.load(X))[0]?.entries[0]).toEqual(sampleEntry(1));
    });

    test("an intent stays until its batch is recorded, each pair's own", async ({ store }) => {
      const ledger = await begun(store);
      await ledger.putFolder(X, 1, sampleFolder("INBOX"));
      await ledger.intend(X, 1, sampleIntent("pair-1", { sourceUids: [1] }));
      await ledger.intend(X, 1, sampleIntent("pair-1"));
      await ledger.intend(X, 1, sampleIntent("pair-2"));
      expect(await ledger.intents(X)).toEqual([sampleIntent("pair-1"), sampleIntent("pair-2")]);
      await ledger.record(X, 1, { source: "INBOX", entries: [sampleEntry(1)] }, "pair-1");
      expect(await ledger.intents(X)).toEqual([sampleIntent("pair-2")]);
      await ledger.record(X, 1, { source: "INBOX", entries: [] }, "pair-2");
      expect(await ledger.intents(X)).toEqual([]);
    });

    test("a batch for a folder without a head is refused and leaves the intent", async ({ store }) => {
      const ledger = await begun(store);
      await ledger.intend(X, 1, sampleIntent("pair-1"));
      const record = ledger.record(X, 1, { source: "INBOX", entries: [sampleEntry(1)] }, "pair-1");
      await expect(record).rejects.toThrow(NotFoundError);
      expect(await ledger.intents(X)).toHaveLength(1);
    });

    test("batches of several folders are recorded all or none, with the intent they end", async ({
      store,
    }) => {
      const ledger = await begun(store);
      for (const source of ["INBOX", "Sent"]) await ledger.putFolder(X, 1, sampleFolder(source));
      await ledger.intend(X, 1, sampleIntent("pair-1"));
      const inbox = { source: "INBOX", entries: [sampleEntry(1)] };
      const nowhere = { source: "Nowhere", entries: [sampleEntry(2)] };
      await expect(ledger.recordAll(X, 1, [inbox, nowhere], "pair-1")).rejects.toThrow(NotFoundError);
      expect((await ledger.load(X)).flatMap(({ entries }) => entries)).toEqual([]);
      expect(await ledger.intents(X)).toHaveLength(1);
      await ledger.recordAll(X, 1, [inbox, { source: "Sent", entries: [sampleEntry(2)] }], "pair-1");
      expect((await ledger.load(X)).map(({ entries }) => entries)).toEqual([
        [sampleEntry(1)],
        [sampleEntry(2)],
      ]);
      expect(await ledger.intents(X)).toEqual([]);
    });

    test("a folder that is renamed at the source keeps its head, its entries and its intents", async ({
      store,
    }) => {
      const ledger = await begun(store);
      const head = sampleFolder("Old", { target: "Kept" });
      await ledger.putFolder(X, 1, head);
      await ledger.putFolder(X, 1, sampleFolder("Other"));
      await ledger.record(X, 1, { source: "Old", entries: [sampleEntry(1)] }, null);
      await ledger.intend(X, 1, sampleIntent("pair-1", { source: "Old" }));
      await ledger.intend(X, 1, sampleIntent("pair-2", { source: "Other" }));
      const name = "N\xe9w 'quoted' \"name\"";
      await ledger.renameFolder(X, 1, "Old", name);
      const folders = await ledger.load(X);
      expect(folders.find(({ source }) => source === name)).toEqual({
        ...head,
        source: name,
        entries: [sampleEntry(1)],
      });
      expect(folders).toHaveLength(2);
      expect(await ledger.intents(X)).toEqual([
        sampleIntent("pair-1", { source: name }),
        sampleIntent("pair-2", { source: "Other" }),
      ]);
      await expect(ledger.renameFolder(X, 1, "Other", name)).rejects.toThrow(StoreConflictError);
      await expect(ledger.renameFolder(X, 1, "Old", "Again")).rejects.toThrow(NotFoundError);
    });

    test("after a later lease has begun, every write of the earlier one fails and changes nothing", async ({
      store,
    }) => {
      const ledger = await begun(store, 4);
      await ledger.putFolder(X, 4, sampleFolder("INBOX"));
      await ledger.record(X, 4, { source: "INBOX", entries: [sampleEntry(1)] }, null);
      await ledger.intend(X, 4, sampleIntent("pair-1"));
      const before = [await ledger.load(X), await ledger.intents(X)];
      await ledger.begin(X, 6);
      const late = [
        () => ledger.begin(X, 4),
        () => ledger.putFolder(X, 4, sampleFolder("INBOX", { target: "Elsewhere" })),
        () => ledger.record(X, 4, { source: "INBOX", entries: [sampleEntry(2)] }, "pair-1"),
        () => ledger.record(X, 4, { source: "INBOX", entries: [] }, "pair-1"),
        () => ledger.intend(X, 4, sampleIntent("pair-2")),
        () => ledger.replaceEntries(X, 4, "INBOX", []),
        () => ledger.fold(X, 4),
        () => ledger.renameFolder(X, 4, "INBOX", "Elsewhere"),
      ];
      for (const write of late) await expect(write()).rejects.toThrow(FencedError);
      expect([await ledger.load(X), await ledger.intents(X)]).toEqual(before);
      await ledger.begin(X, 6);
      await ledger.record(X, 6, { source: "INBOX", entries: [sampleEntry(2)] }, "pair-1");
      expect((await ledger.load(X))[0]?.entries).toHaveLength(2);
    });

    test("a write before the begin, or for an account that has been removed, is fenced off", async ({
      store,
    }) => {
      const ledger = await begun(store);
      await expect(ledger.putFolder("y@a.it", 1, sampleFolder("INBOX"))).rejects.toThrow(FencedError);
      await store.accounts.remove(X);
      await expect(ledger.putFolder(X, 1, sampleFolder("INBOX"))).rejects.toThrow(FencedError);
      await expect(ledger.begin(X, 2)).rejects.toThrow(NotFoundError);
    });
  });
}
