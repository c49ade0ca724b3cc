import type { LedgerEntry } from "../../model/ledger.ts";

/** Whether the source still had the message when it was last looked at. */
export function isAtSource(entry: LedgerEntry): boolean {
  return entry.goneSince === undefined;
}

/**
 * The ledger's entry of a message that has moved on: it is known under another folder or UID, or the copier has put it into Trash. It is never taken for a
 * message again; should the source list it after all, that is a new one.
 */
export function spentEntry(sourceUid: number, token: number): LedgerEntry {
  return { sourceUid, targetUid: null, flags: [], internalDate: 0, size: 0, refusal: null, goneSince: token };
}

export function isSpent(entry: LedgerEntry): boolean {
  return !isAtSource(entry) && entry.targetUid === null && entry.internalDate === 0 && entry.size === 0;
}

/** The same entries, noted as gone in the pass of this fencing token. */
export function goneEntries(entries: readonly LedgerEntry[], token: number): LedgerEntry[] {
  return entries.map((entry) => ({ ...entry, goneSince: token }));
}
