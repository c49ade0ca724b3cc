import { expect, test } from "vitest";
import type { FolderPair } from "../../../../src/copy/lanes/folder-pair.ts";
import type { Pass } from "../../../../src/copy/pass.ts";
import { AccountLedger } from "../../../../src/copy/record.ts";
import { Landing } from "../../../../src/copy/sending/landing.ts";
import { Failure } from "../../../../src/model/failure.ts";
import { openDatabase } from "../../../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../../../src/store/sqlite/store.ts";
import type { LedgerStore } from "../../../../src/store/store.ts";
import { sampleAccount, sampleDomain, T1 } from "../../../contract/samples.ts";

const ADDRESS = "anna@a.it";
const UIDS = Array.from({ length: 500 }, (_, at) => at + 1);

function answerTo(uids: readonly number[]) {
  const listed = { flags: [], internalDate: "01-Jan-2020 00:00:00 +0000", size: 100, messageId: null };
  const messages = uids.map((uid) => ({ ...listed, uid }));
  return { messages, result: { kind: "stored", uidValidity: 1, uids } as const };
}

test("a disk that is full for a moment leaves the intent, by which the next pass finds what the target has taken", async () => {
  const store = sqliteStore(openDatabase(":memory:"));
  await store.domains.add(sampleDomain("a.it"));
  await store.accounts.addMany([sampleAccount(ADDRESS)], T1);
  const refused = Promise.withResolvers<void>();
  let isFull = true;
  const record: LedgerStore["record"] = (...batch) => {
    if (!isFull) return store.ledger.record(...batch);
    refused.resolve();
    return Promise.reject(new Failure("store-unwritable", "the disk is full"));
  };
  const ledger = await AccountLedger.open({ ...store.ledger, record }, ADDRESS, 1);
  const validities = { sourceUidValidity: 1, target: "A", targetUidValidity: 1 };
  const unknown = { sourceUidNext: null, sourceMessages: null, sourceHighestModSeq: null };
  await ledger.putHead({ source: "A", ...validities, ...unknown });
  await ledger.intend({ id: "1", source: "A", ...validities, targetUidNext: 1, sourceUids: UIDS, at: T1 });
  const pass = {
    ledger,
    deps: { clock: { now: () => 0 } },
    noteUidNamed: () => undefined,
    noteCopied: () => undefined,
    batchIsRecorded: () => Promise.resolve(),
    progress: { endUnderWay: () => undefined },
  } as unknown as Pass;
  const folder = {
    source: "A",
    opened: { target: { uidValidity: 1 } },
    noteStored: () => undefined,
  } as unknown as FolderPair;
  const landing = new Landing(pass, folder, UIDS.length);
  landing.take(answerTo(UIDS.slice(0, 400)));
  await refused.promise;
  isFull = false;
  landing.take(answerTo(UIDS.slice(400)));
  await expect(landing.end("1")).rejects.toMatchObject({ kind: "store-unwritable" });
  expect(await store.ledger.intents(ADDRESS)).toHaveLength(1);
  await store.close();
});
