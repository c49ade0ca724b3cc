import { describe, expect, test } from "vitest";
import { matchFolder } from "../../../src/cutover/match.ts";
import type { LedgerEntry, LedgerFolder } from "../../../src/model/ledger.ts";
import type { ReaderMessage } from "../../../src/upstream/imap/reading/reader.ts";

describe("matching a folder of the source with the target", () => {
  test("pairs by the ledger's UIDs, whatever the messages look like", () => {
    const match = matchFolder(
      folder([message(1), message(2)]),
      folder([message(11), message(12)]),
      ledger([entry(1, 12), entry(2, 11)]),
    );
    expect(pairsOf(match)).toEqual(["1=12", "2=11"]);
    expect(match).toMatchObject({ missing: [], removedOnTarget: 0, extra: [] });
  });

  test("counts a message that was copied and is gone as removed by its user, not as missing", () => {
    const match = matchFolder(folder([message(1)]), folder([]), ledger([entry(1, 11)]));
    expect(match).toMatchObject({ missing: [], removedOnTarget: 1 });
  });

  test("counts a message without a row as missing, and keeps the words of a refusal", () => {
    const match = matchFolder(
      folder([message(1), message(2)]),
      folder([]),
      ledger([{ ...entry(2, null), refusal: "too big" }]),
    );
    expect(match.missing.map((one) => [one.source.uid, one.refusal])).toEqual([
      [1, null],
      [2, "too big"],
    ]);
  });

  test("does not let a message that was never copied take the copy of its double", () => {
    const twins = [message(1, { size: 7 }), message(2, { size: 7 })];
    const match = matchFolder(folder(twins), folder([message(11, { size: 7 })]), ledger([entry(1, 11)]));
    expect(pairsOf(match)).toEqual(["1=11"]);
    expect(match.missing.map((one) => one.source.uid)).toEqual([2]);
  });

  test("counts what the user received or made on the target as extra", () => {
    const match = matchFolder(
      folder([message(1)]),
      folder([message(11), message(12, { size: 999 })]),
      ledger([entry(1, 11)]),
    );
    expect(match.extra.map((one) => one.uid)).toEqual([12]);
  });

  test("does not count as extra what came from another source folder", () => {
    const match = matchFolder(folder([]), folder([message(11)]), ledger([]), new Set([11]));
    expect(match.extra).toEqual([]);
  });

  test("matches by date, size and Message-ID when the source has numbered its messages anew", () => {
    const moved = folder([message(101, { size: 5, messageId: "<a@b>" })], 2);
    const match = matchFolder(
      moved,
      folder([message(11, { size: 5, messageId: "<x@y>" }), message(12, { size: 5, messageId: "<a@b>" })]),
      ledger([entry(1, 12, { size: 5 })]),
    );
    expect(pairsOf(match)).toEqual(["101=12"]);
    expect(match.extra.map((one) => one.uid)).toEqual([11]);
  });

  test("knows after a new numbering that a message was copied once and removed by its user", () => {
    const match = matchFolder(
      folder([message(101, { size: 5 }), message(102, { size: 6 })], 2),
      folder([]),
      ledger([entry(1, 12, { size: 5 })]),
    );
    expect(match.removedOnTarget).toBe(1);
    expect(match.missing.map((one) => one.source.uid)).toEqual([102]);
  });

  test("takes the user's wish for granted when the target folder was removed or made anew", () => {
    const copied = ledger([entry(1, 11), entry(2, 12)]);
    const source = folder([message(1), message(2)]);
    expect(matchFolder(source, null, copied).removedOnTarget).toBe(2);
    expect(matchFolder(source, folder([message(1, { size: 999 })], 77), copied)).toMatchObject({
      removedOnTarget: 2,
      missing: [],
    });
  });

  test("without a ledger all is missing that the target does not have", () => {
    const match = matchFolder(folder([message(1), message(2, { size: 6 })]), null, undefined);
    expect(match.missing).toHaveLength(2);
  });
});

function folder(messages: readonly ReaderMessage[], uidValidity = 1) {
  return { uidValidity, messages };
}

function message(uid: number, parts: Partial<ReaderMessage> = {}): ReaderMessage {
  return { uid, size: 100, flags: [], internalDate: 1_700_000_000, messageId: null, ...parts };
}

function entry(sourceUid: number, targetUid: number | null, parts: Partial<LedgerEntry> = {}): LedgerEntry {
  return { sourceUid, targetUid, flags: [], internalDate: 1_700_000_000, size: 100, refusal: null, ...parts };
}

function ledger(entries: readonly LedgerEntry[]): LedgerFolder {
  return {
    source: "INBOX",
    sourceUidValidity: 1,
    sourceUidNext: null,
    sourceMessages: null,
    sourceHighestModSeq: null,
    target: "INBOX",
    targetUidValidity: 1,
    entries,
  };
}

function pairsOf(match: ReturnType<typeof matchFolder>): string[] {
  return match.pairs.map((pair) => `${pair.source.uid}=${pair.target.uid}`);
}
