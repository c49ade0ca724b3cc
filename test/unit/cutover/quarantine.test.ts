import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findMessage, quarantineOf } from "../../../src/cutover/quarantine.ts";
import type { LedgerEntry } from "../../../src/model/ledger.ts";
import { openDatabase } from "../../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../../src/store/sqlite/store.ts";
import type { Store } from "../../../src/store/store.ts";

const ADDRESS = "anna@example.org";
const AT = "2026-01-01T00:00:00.000Z";

function entry(sourceUid: number, rest: Partial<LedgerEntry>): LedgerEntry {
  return { sourceUid, targetUid: null, flags: [], internalDate: 1, size: 100, refusal: null, ...rest };
}

describe("the list of refused messages", () => {
  let store: Store;

  beforeEach(async () => {
    store = sqliteStore(openDatabase(":memory:"));
    await store.domains.add({
      name: "example.org",
      state: "migrating",
      source: { host: "old.example", port: 143, tls: "starttls", ca: null, verify: true },
      login: "address",
      serve: "target",
      cutover: { mx: [], txt: [] },
      folderMap: [],
      exclude: [],
      sourceDeletes: "keep",
      createdAt: AT,
      finalizedAt: null,
    });
    await store.accounts.addMany(
      [{ address: ADDRESS, domain: "example.org", sourceLogin: null, name: null, quota: null }],
      AT,
    );
    await store.ledger.begin(ADDRESS, 1);
    await store.ledger.putFolder(ADDRESS, 1, {
      source: "INBOX",
      sourceUidValidity: 7,
      sourceUidNext: 10,
      sourceMessages: 4,
      sourceHighestModSeq: null,
      target: "INBOX",
      targetUidValidity: 8,
    });
    const entries = [
      entry(1, { targetUid: 1 }),
      entry(2, { refusal: "[CANNOT] virus" }),
      entry(3, { refusal: "[CANNOT] virus", goneSince: 1 }),
      entry(4, { targetUid: 2, remedy: "wrapped", steps: [{ step: "as-is", words: "no" }] }),
    ];
    await store.ledger.record(ADDRESS, 1, { source: "INBOX", entries }, null);
  });

  afterEach(() => store.close());

  it("leaves out what the source has deleted meanwhile: nothing is missing there any more", async () => {
    const uids = async (all: boolean) =>
      (await quarantineOf({ store }, ADDRESS, { all })).map(({ uid }) => uid);
    expect(await uids(false)).toEqual([2]);
    expect(await uids(true)).toEqual([2, 4]);
  });

  it("says of each message what became of it", async () => {
    const outcomes = [];
    for (const uid of [1, 2, 3, 4])
      outcomes.push((await findMessage({ store }, ADDRESS, "inbox", uid))?.message.outcome);
    expect(outcomes).toEqual(["stored", "refused", "gone", "wrapped"]);
  });
});
