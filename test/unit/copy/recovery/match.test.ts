import { describe, expect, it } from "vitest";
import { matchArrivals, matchByContent, type Recognisable } from "../../../../src/copy/recovery/match.ts";
import { groupTwins, renumber } from "../../../../src/copy/recovery/rematch.ts";
import type { LedgerEntry } from "../../../../src/model/ledger.ts";

function message(uid: number, instant: number, size: number, messageId: string | null = null): Recognisable {
  return { uid, instant, size, messageId };
}

describe("matchArrivals", () => {
  it("pairs by date, size and Message-ID what is single on both sides", () => {
    const matching = matchArrivals(
      [message(1, 10, 100, "<a>"), message(2, 20, 200, "<b>")],
      [message(71, 20, 200, "<b>"), message(70, 99, 999, "<foreign>")],
    );
    expect(matching).toEqual({ pairs: [{ source: 2, target: 71 }], unclear: { sources: [], targets: [] } });
  });

  it("asks for the contents where several tie", () => {
    const { pairs, unclear } = matchArrivals(
      [message(1, 10, 100), message(2, 10, 100)],
      [message(70, 10, 100)],
    );
    expect(pairs).toEqual([]);
    expect(unclear).toEqual({ sources: [1, 2], targets: [70] });
  });

  it("asks for the contents where there is no Message-ID: the source may have deleted the one that arrived", () => {
    const { pairs, unclear } = matchArrivals([message(1, 10, 100)], [message(70, 10, 100)]);
    expect(pairs).toEqual([]);
    expect(unclear).toEqual({ sources: [1], targets: [70] });
  });

  it("asks for the contents where a server has changed the date or counts the size otherwise", () => {
    const { unclear } = matchArrivals(
      [message(1, 10, 100, "<a>")],
      [message(70, 55, 101, "<a>"), message(71, 5, 7)],
    );
    expect(unclear).toEqual({ sources: [1], targets: [70] });
  });
});

describe("matchByContent", () => {
  it("pairs as many copies of one message as have arrived, in order", () => {
    const sources = new Map([
      [3, "x"],
      [1, "x"],
      [2, "y"],
    ]);
    expect(matchByContent(sources, new Map([[70, "x"]]))).toEqual([{ source: 1, target: 70 }]);
  });
});

describe("after a change of UIDVALIDITY", () => {
  const entry = (sourceUid: number, targetUid: number | null): LedgerEntry => ({
    sourceUid,
    targetUid,
    flags: [],
    internalDate: 1577836800,
    size: 5,
    refusal: null,
  });
  const listed = (uid: number) => ({
    uid,
    flags: [],
    internalDate: "01-Jan-2020 00:00:00 +0000",
    size: 5,
    messageId: null,
  });

  it("finds messages again by date and size, and by Message-ID where these tie", () => {
    const [group] = groupTwins([entry(1, 71), entry(2, 72)], [listed(501), listed(502), listed(503)]);
    expect(group).toBeDefined();
    const ids = {
      source: new Map([
        [501, "<new>"],
        [502, "<b>"],
        [503, "<a>"],
      ]),
      target: new Map([
        [71, "<a>"],
        [72, "<b>"],
      ]),
    };
    const renumbered = group ? renumber(group, ids) : [];
    expect(renumbered.map((one) => [one.sourceUid, one.targetUid])).toEqual([
      [503, 71],
      [502, 72],
    ]);
  });

  it("keeps the order where the target cannot tell any more", () => {
    const renumbered = renumber(
      { entries: [entry(1, null), entry(2, null)], listed: [listed(501), listed(502), listed(503)] },
      { source: new Map(), target: new Map() },
    );
    expect(renumbered.map((one) => one.sourceUid)).toEqual([501, 502]);
  });

  it("does not take a new message for one that the target shows to be another", () => {
    const ids = { source: new Map([[501, "<new>"]]), target: new Map([[71, "<old>"]]) };
    expect(renumber({ entries: [entry(1, 71)], listed: [listed(501)] }, ids)).toEqual([]);
  });
});
