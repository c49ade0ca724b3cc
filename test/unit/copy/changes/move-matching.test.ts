import { describe, expect, it } from "vitest";
import {
  type Arrival,
  type Departure,
  likenessOf,
  matchMoves,
} from "../../../../src/copy/changes/move-matching.ts";

const LIKE = { internalDate: 1_600_000_000, size: 500 };
const LIKENESS = likenessOf(LIKE.internalDate, LIKE.size);
const NONE: ReadonlySet<string> = new Set();

function arrival(folder: string, uid: number, identity: string, likeness = LIKENESS): Arrival {
  return { folder, uid, likeness, identity };
}

function departure(folder: string, sourceUid: number, identity: string | null): Departure {
  const targetUid = identity === null ? null : sourceUid + 100;
  return {
    folder,
    entry: { sourceUid, targetUid, flags: [], refusal: null, ...LIKE },
    isInPlace: identity !== null,
    identity,
  };
}

/** `A1 → B7` for each message that moved. */
function moves(
  arrivals: readonly Arrival[],
  departures: readonly Departure[],
  staying: ReadonlySet<string> = NONE,
): string[] {
  return matchMoves(arrivals, departures, staying).map(
    ({ departure: from, arrival: to }) => `${from.folder}${from.entry.sourceUid} → ${to.folder}${to.uid}`,
  );
}

describe("a message that is gone in one folder and new in another", () => {
  it("has moved where date, size and identity are the same", () => {
    expect(moves([arrival("B", 7, "<x>")], [departure("A", 1, "<x>")])).toEqual(["A1 → B7"]);
  });

  it("is another message where one of them differs", () => {
    expect(moves([arrival("B", 7, "<y>")], [departure("A", 1, "<x>")])).toEqual([]);
    expect(moves([arrival("B", 7, "<x>", likenessOf(1, 500))], [departure("A", 1, "<x>")])).toEqual([]);
  });

  it("may have come back to the folder that it left", () => {
    expect(moves([arrival("A", 7, "<x>")], [departure("A", 1, "<x>")])).toEqual(["A1 → A7"]);
  });

  it("is paired as often as there are equal ones, in order; what is more is new", () => {
    const arrivals = [arrival("B", 7, "<x>"), arrival("B", 8, "<x>"), arrival("C", 1, "<x>")];
    const departures = [departure("A", 1, "<x>"), departure("A", 2, "<x>")];
    expect(moves(arrivals, departures)).toEqual(["A1 → B7", "A2 → B8"]);
    expect(moves(arrivals.slice(0, 1), departures)).toEqual(["A1 → B7"]);
  });
});

describe("a message whose copy is not where the copier put it", () => {
  it("is the one that arrives alike, so that it does not come back", () => {
    expect(moves([arrival("B", 7, "<x>")], [departure("A", 1, null)])).toEqual(["A1 → B7"]);
  });

  it("gives way to one that is certain", () => {
    const departures = [departure("A", 1, null), departure("A", 2, "<x>")];
    expect(moves([arrival("B", 7, "<x>")], departures)).toEqual(["A2 → B7"]);
  });

  it("is not looked for where the arrival may be the copy of a message that has stayed", () => {
    expect(moves([arrival("B", 7, "<x>")], [departure("A", 1, null)], new Set([LIKENESS]))).toEqual([]);
  });

  it("is not looked for among more arrivals than such messages: none of them may get lost", () => {
    expect(moves([arrival("B", 7, "<x>"), arrival("B", 8, "<y>")], [departure("A", 1, null)])).toEqual([]);
  });
});
