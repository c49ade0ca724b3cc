import { describe, expect, it } from "vitest";
import { caughtUp, flagCommands } from "../../../../src/copy/changes/catch-up.ts";
import { diffListing, storableFlags } from "../../../../src/copy/changes/diff.ts";
import type { LedgerEntry } from "../../../../src/model/ledger.ts";
import type { MessageMetadata } from "../../../../src/upstream/imap/commands/fetch-metadata.ts";

function entry(sourceUid: number, flags: string[], targetUid: number | null = sourceUid + 100): LedgerEntry {
  return { sourceUid, targetUid, flags, internalDate: 0, size: 1, refusal: null };
}

function listed(uid: number, flags: string[] = []): MessageMetadata {
  return { uid, flags, internalDate: "01-Jan-2020 00:00:00 +0000", size: 1, messageId: null };
}

function known(...entries: LedgerEntry[]): Map<number, LedgerEntry> {
  return new Map(entries.map((one) => [one.sourceUid, one]));
}

describe("diffListing", () => {
  it("calls new what the ledger does not know, below known UIDs too, in ascending order", () => {
    const { fresh } = diffListing(known(entry(50, []), entry(51, [])), [
      listed(51),
      listed(50),
      listed(60),
      listed(7),
    ]);
    expect(fresh.map((message) => message.uid)).toEqual([7, 60]);
  });

  it("never calls a message new that was refused or whose copy is gone", () => {
    const refused = { ...entry(1, [], null), refusal: "too large" };
    expect(diffListing(known(refused, entry(2, [], null)), [listed(1), listed(2)]).fresh).toEqual([]);
  });

  it("sets flags that were under way when a process ended as the source has them, changed or not", () => {
    const interrupted = { ...entry(1, ["$Work", "\\Seen"]), flagsUnderWay: ["\\seen", "\\Flagged"] };
    const { flagChanges } = diffListing(known(interrupted), [listed(1, ["$Work", "\\Seen"])]);
    expect(flagChanges).toMatchObject([{ add: ["\\Seen"], remove: ["\\Flagged"] }]);
    expect(caughtUp(flagChanges)).toEqual([entry(1, ["$Work", "\\Seen"])]);
  });

  it("gives flags that changed at the source as differences, and other spellings as none", () => {
    const { flagChanges } = diffListing(known(entry(1, ["$Work", "\\Flagged"]), entry(2, ["\\Seen"])), [
      listed(1, ["\\Seen", "\\flagged"]),
      listed(2, ["\\seen"]),
    ]);
    expect(flagChanges).toHaveLength(1);
    expect(flagChanges[0]).toMatchObject({
      add: ["\\Seen"],
      remove: ["$Work"],
      flags: ["\\Seen", "\\flagged"],
    });
  });
});

describe("flagCommands", () => {
  it("puts messages with the same difference into one command and leaves alone what has no UID", () => {
    const changes = diffListing(known(entry(1, []), entry(2, []), entry(3, [], null), entry(4, ["\\Seen"])), [
      listed(1, ["\\Seen"]),
      listed(2, ["\\Seen"]),
      listed(3, ["\\Seen"]),
      listed(4, []),
    ]).flagChanges;
    expect(flagCommands(changes, null)).toEqual([
      { mode: "+", flags: ["\\Seen"], uids: [101, 102] },
      { mode: "-", flags: ["\\Seen"], uids: [104] },
    ]);
  });

  it("drops keywords that the target does not keep", () => {
    expect(storableFlags(["\\Seen", "$Work", "$Junk"], ["\\Seen", "$junk"])).toEqual(["\\Seen", "$Junk"]);
    expect(storableFlags(["$Work"], ["\\Seen", "\\*"])).toEqual(["$Work"]);
  });
});
