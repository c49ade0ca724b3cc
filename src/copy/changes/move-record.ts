import type { FolderName, LedgerBatch, LedgerEntry, LedgerIntent } from "../../model/ledger.ts";
import type { AccountLedger } from "../record.ts";
import { isSpent, spentEntry } from "./entry-state.ts";

/** What was found out about the messages of an intent. Source UIDs in its folder. */
export interface Findings {
  /** Those that the source still has. */
  readonly listed: ReadonlySet<number>;
  /** Those that have arrived on the target. */
  readonly arrived: ReadonlySet<number>;
}

/**
 * What else is to be recorded of an unfinished intent of messages that were moved: those that have arrived are known under their new folder from then on, and
 * no more under the one they came from. One that the source has lost meanwhile cannot be looked for: its copy may be in either place.
 */
export function recordOfMoves(
  ledger: AccountLedger,
  { movedFrom, sourceUids }: LedgerIntent,
  { listed, arrived }: Findings,
  token: number,
): LedgerBatch[] {
  const from = movedFrom === undefined ? undefined : ledger.folder(movedFrom.source);
  if (movedFrom === undefined || from === undefined) return [];
  const entries = sourceUids.flatMap((uid, at): LedgerEntry[] => {
    const before = from.entries.get(movedFrom.sourceUids[at] ?? 0);
    if (before === undefined || isSpent(before)) return [];
    if (arrived.has(uid)) return [spentEntry(before.sourceUid, token)];
    return listed.has(uid) ? [] : [{ ...before, moveUnderWay: true }];
  });
  return batchOf(movedFrom.source, entries);
}

function batchOf(source: FolderName, entries: readonly LedgerEntry[]): LedgerBatch[] {
  if (entries.length === 0) return [];
  return [{ source, entries: entries.toSorted((a, b) => a.sourceUid - b.sourceUid) }];
}

/** The entry of a moved message in its new place: the flags that both sides had agreed on go with it, and those that were under way. */
export function movedEntry(before: LedgerEntry, sourceUid: number, targetUid: number): LedgerEntry {
  const { goneSince: _, moveUnderWay: __, ...present } = before;
  return { ...present, sourceUid, targetUid };
}

/** What is known of a message of this intent from the folder it was moved from; `undefined` where it was not moved. */
export function entryBefore(
  ledger: AccountLedger,
  { movedFrom, sourceUids }: LedgerIntent,
  uid: number,
): LedgerEntry | undefined {
  if (movedFrom === undefined) return undefined;
  const uidBefore = movedFrom.sourceUids[sourceUids.indexOf(uid)];
  const before = ledger.folder(movedFrom.source)?.entries.get(uidBefore ?? 0);
  return before === undefined || isSpent(before) ? undefined : before;
}
