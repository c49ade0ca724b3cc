import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { LedgerEntry } from "../../src/model/ledger.ts";
import { decodeEntries, encodeEntries } from "../../src/store/sqlite/ledger-codec.ts";
import { LedgerFormatError } from "../../src/store/sqlite/ledger-columns.ts";

const UID_LIMIT = 2 ** 32 - 1;

const flag = fc.oneof(
  fc.constantFrom("\\Seen", "\\Answered", "\\Flagged", "\\Draft", "$MDNSent", "NonJunk"),
  fc.string({ minLength: 1, maxLength: 60, unit: "binary" }),
);

const entry: fc.Arbitrary<Omit<LedgerEntry, "sourceUid">> = fc
  .record({
    targetUid: fc.option(fc.integer({ min: 1, max: UID_LIMIT })),
    flags: fc.array(flag, { maxLength: 6 }),
    internalDate: fc.oneof(
      fc.integer({ min: -(2 ** 41), max: 2 ** 41 }),
      fc.integer({ min: 1_600_000_000, max: 1_700_000_000 }),
    ),
    size: fc.oneof(fc.nat(50_000), fc.nat(Number.MAX_SAFE_INTEGER)),
    refusal: fc.option(fc.string({ unit: "grapheme" }), { freq: 4 }),
    goneSince: fc.option(fc.integer({ min: 1, max: 2 ** 40 }), { freq: 3 }),
    flagsUnderWay: fc.option(fc.array(flag, { maxLength: 3 }), { freq: 3 }),
    isMoving: fc.boolean(),
    isAsked: fc.boolean(),
  })
  .map(({ goneSince, flagsUnderWay, isMoving, isAsked, ...rest }) => ({
    ...rest,
    ...(isAsked ? { tryAgain: true as const } : {}),
    ...(isMoving ? { moveUnderWay: true as const } : {}),
    ...(goneSince === null ? {} : { goneSince }),
    ...(flagsUnderWay === null ? {} : { flagsUnderWay }),
  }));

/** Lists with long runs as well as scattered ones: what was copied in order, and what was not. */
const entries: fc.Arbitrary<LedgerEntry[]> = fc
  .array(
    fc.record({
      gap: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 10_000_000 })),
      repeat: fc.integer({ min: 1, max: 9 }),
      entry,
    }),
    { maxLength: 40 },
  )
  .map((groups) => {
    let sourceUid = 0;
    return groups.flatMap(({ gap, repeat, entry }) => {
      sourceUid += gap;
      return Array.from({ length: repeat }, (_, at) => {
        const targetUid = entry.targetUid === null ? null : entry.targetUid + at;
        return { ...entry, sourceUid: sourceUid++, targetUid };
      });
    });
  });

test("what is encoded is decoded the same", () => {
  fc.assert(
    fc.property(entries, (list) => {
      expect(decodeEntries(encodeEntries(list))).toEqual(list);
    }),
    { numRuns: 500 },
  );
});

test("octets that are damaged are refused or give some list, and never hang or break otherwise", () => {
  const damage = fc.record({ list: entries, at: fc.nat(), value: fc.nat(255), cut: fc.boolean() });
  fc.assert(
    fc.property(damage, ({ list, at, value, cut }) => {
      const blob = encodeEntries(list);
      const place = at % blob.length;
      if (!cut) blob[place] = value;
      expect(outcome(cut ? blob.subarray(0, place) : blob)).not.toBe("broken");
    }),
    { numRuns: 500 },
  );
});

function outcome(blob: Buffer): "decoded" | "refused" | "broken" {
  try {
    decodeEntries(blob);
    return "decoded";
  } catch (error) {
    return error instanceof LedgerFormatError ? "refused" : "broken";
  }
}
