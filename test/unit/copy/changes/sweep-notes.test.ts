import { describe, expect, it } from "vitest";
import { SweepNotes, sweepWindows } from "../../../../src/copy/changes/sweep-notes.ts";
import type { LedgerEntry } from "../../../../src/model/ledger.ts";

function entry(sourceUid: number, more: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    sourceUid,
    targetUid: sourceUid + 100,
    flags: [],
    internalDate: 0,
    size: 9,
    refusal: null,
    ...more,
  };
}

function notesOf(...entries: LedgerEntry[]): SweepNotes {
  return new SweepNotes(new Map(entries.map((one) => [one.sourceUid, one])));
}

describe("what a sweep finds", () => {
  it("is new messages, changed flags, and messages that are gone", () => {
    const notes = notesOf(entry(1), entry(2), entry(3, { flags: ["\\Seen"] }));
    notes.see({ uid: 1, flags: ["\\Flagged"] });
    notes.see({ uid: 3, flags: ["\\seen"] });
    notes.see({ uid: 7, flags: [] });
    notes.vanish(2, 2);
    expect(notes.findings(8)).toEqual({
      freshUids: [7],
      flagChanges: [{ entry: entry(1), flags: ["\\Flagged"], add: ["\\Flagged"], remove: [] }],
      vanished: [entry(2)],
    });
    expect(notes.accountsFor(3, 8)).toBe(true);
  });

  it("takes the last word about a message", () => {
    const notes = notesOf(entry(1), entry(2));
    notes.see({ uid: 1, flags: ["\\Flagged"] });
    notes.see({ uid: 1, flags: [] });
    notes.see({ uid: 2, flags: ["\\Seen"] });
    notes.vanish(2, 2);
    notes.see({ uid: 9, flags: [] });
    notes.vanish(9, 9);
    expect(notes.findings(10)).toEqual({ freshUids: [], flagChanges: [], vanished: [entry(2)] });
  });

  it("counts as gone what a range spans, however wide it is", () => {
    const notes = notesOf(entry(5), entry(4_000_000_000));
    notes.see({ uid: 6, flags: [] });
    notes.vanish(1, 4_294_967_295);
    expect(notes.findings(null)).toEqual({
      freshUids: [],
      flagChanges: [],
      vanished: [entry(5), entry(4_000_000_000)],
    });
  });

  it("is gone once: what the ledger knows as gone is no news", () => {
    const notes = notesOf(entry(1, { goneSince: 3 }), entry(2));
    notes.see({ uid: 2, flags: [] });
    notes.vanishUnseen();
    expect(notes.findings(3).vanished).toEqual([]);
    expect(notes.accountsFor(1, 3)).toBe(true);
  });

  it("is there again what the source lists after all, with its flags or without", () => {
    const notes = notesOf(entry(1, { goneSince: 3 }), entry(2, { goneSince: 3, flags: ["\\Seen"] }));
    notes.see({ uid: 1, flags: ["\\Seen"] });
    notes.seeUid(2);
    expect(notes.findings(3).flagChanges).toEqual([
      { entry: entry(1), flags: ["\\Seen"], add: ["\\Seen"], remove: [] },
      { entry: entry(2, { flags: ["\\Seen"] }), flags: ["\\Seen"], add: [], remove: [] },
    ]);
    expect(notes.accountsFor(2, 3)).toBe(true);
  });

  it("leaves to the next pass what came after the folder was opened", () => {
    const notes = notesOf(entry(1));
    notes.see({ uid: 2, flags: [] });
    notes.see({ uid: 3, flags: [] });
    expect(notes.findings(3).freshUids).toEqual([2]);
    expect(notes.accountsFor(2, 3)).toBe(true);
  });

  it("does not account for a message that nobody has spoken of", () => {
    const notes = notesOf(entry(1));
    notes.see({ uid: 3, flags: [] });
    expect(notes.accountsFor(3, 4)).toBe(false);
  });
});

describe("windows of a whole sweep", () => {
  it("hold a bounded number of known messages and leave no UID out", () => {
    expect(sweepWindows([], 2)).toEqual([{ first: 1, last: null }]);
    expect(sweepWindows([5, 900, 901, 4], 2)).toEqual([
      { first: 1, last: 5 },
      { first: 6, last: null },
    ]);
    expect(sweepWindows([1, 2, 3, 4, 5], 2)).toEqual([
      { first: 1, last: 2 },
      { first: 3, last: 4 },
      { first: 5, last: null },
    ]);
  });
});
