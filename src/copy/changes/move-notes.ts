import type { FolderName, LedgerEntry } from "../../model/ledger.ts";
import type { MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import { type AccountLedger, type FolderHead, storedEntry } from "../record.ts";
import { flagChange } from "./diff.ts";
import { isSpent, spentEntry } from "./entry-state.ts";
import { type MovedMessage, uidOf } from "./move-matching.ts";
import { movedEntry } from "./move-record.ts";
import type { MoveServers } from "./move-servers.ts";
import type { FolderChanges } from "./sweep.ts";

/** What has changed in one folder, as far as moves go. */
export type MovableChanges = Pick<FolderChanges, "fresh" | "flagChanges" | "vanished"> & {
  readonly folder: { readonly source: FolderName };
};

/** What following moves works with. */
export interface MoveDeps {
  readonly ledger: AccountLedger;
  readonly servers: MoveServers;
  /** The pass's fencing token. */
  readonly token: number;
  /** Ends the pass where it must. */
  readonly checkpoint: () => void;
}

/** Records where messages are now, in both folders at once; those without a place were copied once and are their user's. */
export async function noteMoved(
  { ledger, token }: MoveDeps,
  change: MovableChanges,
  moved: readonly MovedMessage[],
  places: ReadonlyMap<number, number>,
  intentId: string | null,
): Promise<void> {
  const [first] = moved;
  if (first === undefined) return;
  const listed = listedByUid(change, moved);
  const arrived = moved.flatMap(({ departure, arrival }) => {
    const message = listed.get(arrival.uid);
    if (message === undefined) return [];
    const { entry } = departure;
    const place = entry.targetUid === null ? undefined : places.get(entry.targetUid);
    if (place === undefined) return [storedEntry(message, null)];
    const present = movedEntry(entry, arrival.uid, place);
    // What the source has changed on the way is a change like any other.
    pushFlagChange(change, present, message);
    return [present];
  });
  const spent = moved.map(({ departure }) => spentEntry(departure.entry.sourceUid, token));
  await ledger.recordAll(
    [
      { source: first.arrival.folder, entries: byUid(arrived) },
      { source: first.departure.folder, entries: byUid(spent) },
    ],
    intentId,
  );
}

/**
 * Messages whose place the target did not say, after they were looked for.
 * @throws {Failure} when a connection breaks
 */
export async function settleUnsaid(
  deps: MoveDeps,
  change: MovableChanges,
  from: FolderHead,
  moved: readonly MovedMessage[],
): Promise<void> {
  const entries = deps.ledger.folder(change.folder.source)?.entries;
  const listed = listedByUid(change, moved);
  const missing: MovedMessage[] = [];
  for (const one of moved) {
    const entry = entries?.get(one.arrival.uid);
    const message = listed.get(one.arrival.uid);
    if (entry === undefined || isSpent(entry)) missing.push(one);
    // What the source has changed on the way is a change like any other, and it may not name it again.
    else if (message) pushFlagChange(change, entry, message);
  }
  if (missing.length === 0) return;
  const uids = missing.map(({ departure }) => uidOf(departure));
  const inPlace = await deps.servers.copies(from, uids);
  // Their user has deleted or moved them this moment: they were copied once.
  const taken = missing.filter(({ departure }) => !inPlace.has(uidOf(departure)));
  await noteMoved(deps, change, taken, new Map(), null);
}

function listedByUid(change: MovableChanges, moved: readonly MovedMessage[]): Map<number, MessageMetadata> {
  const uids = new Set(moved.map(({ arrival }) => arrival.uid));
  return new Map(change.fresh.filter(({ uid }) => uids.has(uid)).map((message) => [message.uid, message]));
}

function pushFlagChange(change: MovableChanges, entry: LedgerEntry, { flags }: MessageMetadata): void {
  const changed = flagChange(entry, flags);
  if (changed !== null) change.flagChanges.push(changed);
}

function byUid(entries: readonly LedgerEntry[]): LedgerEntry[] {
  return entries.toSorted((a, b) => a.sourceUid - b.sourceUid);
}
