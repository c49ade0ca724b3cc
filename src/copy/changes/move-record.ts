import type { LedgerBatch, LedgerIntent } from "../../model/ledger.ts";
import type { AccountLedger } from "../record.ts";
import { spentEntry } from "./entry-state.ts";

/**
 * What else is to be recorded when messages of an unfinished intent were found: those that were moved are known under their new folder from then on, and
 * no more under the one they came from.
 * @param found source UIDs in the intent's folder
 */
export function spentWith(
  ledger: AccountLedger,
  intent: LedgerIntent,
  found: ReadonlySet<number>,
  token: number,
): LedgerBatch[] {
  const { movedFrom, sourceUids } = intent;
  if (movedFrom === undefined || ledger.folder(movedFrom.source) === undefined) return [];
  const spent = sourceUids.flatMap((uid, at) => {
    const before = movedFrom.sourceUids[at];
    return found.has(uid) && before !== undefined ? [spentEntry(before, token)] : [];
  });
  const entries = spent.toSorted((a, b) => a.sourceUid - b.sourceUid);
  return entries.length === 0 ? [] : [{ source: movedFrom.source, entries }];
}
