import { describe, expect, test } from "vitest";
import { comparePair } from "../../../src/cutover/differences.ts";
import type { Pair } from "../../../src/cutover/match.ts";

const COPIED_SINCE = 1_700_000_000;
const DAY = 86_400;

describe("comparing a message on both sides", () => {
  test("the same flags in another order and case are the same", () => {
    const findings = comparePair(
      pair({ source: ["\\Seen", "$Work"], target: ["$work", "\\seen"] }),
      COPIED_SINCE,
    );
    expect(findings).toEqual({ different: [], readContents: false, flagsChangedOnTarget: false });
  });

  test("a flag that the user changed on the target is no difference", () => {
    const read = pair({ source: [], target: ["\\Seen"], row: [] });
    const unread = pair({ source: ["\\Seen"], target: [], row: ["\\Seen"] });
    for (const one of [read, unread])
      expect(comparePair(one, COPIED_SINCE)).toMatchObject({ different: [], flagsChangedOnTarget: true });
  });

  test("a flag that changed at the source and has not been carried over is a difference", () => {
    const { different } = comparePair(pair({ source: ["\\Seen"], target: [], row: [] }), COPIED_SINCE);
    expect(different).toEqual([
      { kind: "flags", sourceUid: 1, targetUid: 11, message: "flags differ: \\seen only at the source" },
    ]);
  });

  test("each flag is judged by itself", () => {
    const mixed = pair({ source: ["\\Flagged"], target: ["\\Seen"], row: [] });
    const { different, flagsChangedOnTarget } = comparePair(mixed, COPIED_SINCE);
    expect(different.map((one) => one.message)).toEqual(["flags differ: \\flagged only at the source"]);
    expect(flagsChangedOnTarget).toBe(true);
  });

  test("without a row any flag that differs is a difference", () => {
    const { different } = comparePair(pair({ source: [], target: ["\\Seen"], row: null }), COPIED_SINCE);
    expect(different).toHaveLength(1);
  });

  test("another INTERNALDATE is a difference, in words with both times", () => {
    const { different } = comparePair(pair({ sourceDate: 0, targetDate: 60 }), COPIED_SINCE);
    expect(different[0]?.message).toBe(
      "INTERNALDATE is 1970-01-01T00:00:00.000Z at the source and 1970-01-01T00:01:00.000Z on the target",
    );
  });

  test("a date in the future that the target replaced by the time of the copy is none", () => {
    const forced = pair({ sourceDate: COPIED_SINCE + 30 * DAY, targetDate: COPIED_SINCE + 5 });
    expect(comparePair(forced, COPIED_SINCE).different).toEqual([]);
    const lost = pair({ sourceDate: COPIED_SINCE - 30 * DAY, targetDate: COPIED_SINCE + 5 });
    expect(comparePair(lost, COPIED_SINCE).different).toHaveLength(1);
  });

  test("sizes that differ ask for the contents instead of judging", () => {
    expect(comparePair(pair({ targetSize: 101 }), COPIED_SINCE)).toMatchObject({
      different: [],
      readContents: true,
    });
  });
});

interface Parts {
  source?: string[];
  target?: string[];
  row?: string[] | null;
  sourceDate?: number;
  targetDate?: number;
  targetSize?: number;
}

function pair(parts: Parts): Pair {
  const row = parts.row === undefined ? [] : parts.row;
  return {
    source: {
      uid: 1,
      size: 100,
      flags: parts.source ?? [],
      internalDate: parts.sourceDate ?? 5,
      messageId: null,
    },
    target: {
      uid: 11,
      size: parts.targetSize ?? 100,
      flags: parts.target ?? [],
      internalDate: parts.targetDate ?? 5,
      messageId: null,
    },
    row:
      row === null
        ? null
        : { sourceUid: 1, targetUid: 11, flags: row, internalDate: 5, size: 100, refusal: null },
  };
}
