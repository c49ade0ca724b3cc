import { expect, test } from "vitest";
import type { LedgerEntry } from "../../../src/model/ledger.ts";
import { decodeEntries, encodeEntries } from "../../../src/store/sqlite/ledger-codec.ts";

function entryOf(sourceUid: number, changes: Partial<LedgerEntry> = {}): LedgerEntry {
  return { sourceUid, targetUid: sourceUid, flags: [], internalDate: 0, size: 0, refusal: null, ...changes };
}

test("UIDs and flags of a mailbox copied in order cost next to nothing", () => {
  const list = Array.from({ length: 10_000 }, (_, at) =>
    entryOf(at + 1, { targetUid: at + 501, flags: ["\\Seen"] }),
  );
  expect(encodeEntries(list).length).toBeLessThan(200);
});

test("dates and sizes of mail as it comes stay below five octets a message together", () => {
  let internalDate = 1_500_000_000;
  const list = Array.from({ length: 10_000 }, (_, at) => {
    // Fixed figures that look like chance: some hours between messages, some kilobytes each.
    internalDate += (at * 7919) % 20_011;
    return entryOf(at + 1, {
      internalDate,
      size: 2000 + ((at * 104_729) % 30_011),
      flags: at % 40 === 0 ? [] : ["\\Seen"],
    });
  });
  expect(encodeEntries(list).length).toBeLessThan(50_000);
});

test("no entries are encoded and decoded as well", () => {
  expect(decodeEntries(encodeEntries([]))).toEqual([]);
});

test("a record from before there were remedies is read, and one without any is written as it was", () => {
  const list = [entryOf(1, { targetUid: null, refusal: "no" }), entryOf(2, { flags: ["\\Seen"] })];
  const written = Buffer.from("01020102020304020001055c5365656e01000101000000000100026e6f", "hex");
  expect(encodeEntries(list)).toEqual(written);
  expect(decodeEntries(written)).toEqual(list);
});

test("entries out of order are a fault of the caller", () => {
  expect(() => encodeEntries([entryOf(2), entryOf(1)])).toThrow(/ascend/);
  expect(() => encodeEntries([entryOf(2), entryOf(2)])).toThrow(/ascend/);
});
