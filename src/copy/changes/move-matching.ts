import type { FolderName, LedgerEntry } from "../../model/ledger.ts";

/** A message that the source shows in a folder where the ledger does not know it. */
export interface Arrival {
  readonly folder: FolderName;
  readonly uid: number;
  /** INTERNALDATE and size: `likenessOf`. */
  readonly likeness: string;
  /** Tells messages apart that are alike: by Message-ID, or by contents where there is none. */
  readonly identity: string;
}

/** A message that the ledger knows in a folder where the source does not have it any more. */
export interface Departure {
  readonly folder: FolderName;
  readonly entry: LedgerEntry;
  /** Whether its copy still is where the copier put it. */
  readonly isInPlace: boolean;
  /** As of an arrival, read from the copy on the target; `null` where that is gone, or was altered so that the target takes it. */
  readonly identity: string | null;
}

/** A message that went from one source folder to another. */
export interface MovedMessage {
  readonly departure: Departure;
  readonly arrival: Arrival;
}

/** Its UID on the target; 0 where it has none. */
export function uidOf({ entry }: Departure): number {
  return entry.targetUid ?? 0;
}

/** What a message looks like from outside: the same wherever a server puts it. */
export function likenessOf(instant: number, size: number): string {
  return `${instant} ${size}`;
}

/**
 * Finds the arrivals that are departures. Alike, and of one identity: certain; of several equal ones as many as there are, in order.
 *
 * A departure without identity is a message whose copy the user has deleted or moved: its arrival elsewhere must not bring it back. It counts as any arrival
 * that is alike, unless that may be another message: where a message that is alike has stayed at the source (the arrival may be its copy), or there are
 * more such arrivals than departures, all of them are new. Copied once too often is better than never.
 * @param staying likenesses of messages that the ledger knows and the source still has where they were
 */
export function matchMoves(
  arrivals: readonly Arrival[],
  departures: readonly Departure[],
  staying: ReadonlySet<string>,
): MovedMessage[] {
  const moved: MovedMessage[] = [];
  const byLikeness = Map.groupBy(departures, ({ entry }) => likenessOf(entry.internalDate, entry.size));
  for (const [likeness, alike] of Map.groupBy(arrivals, (arrival) => arrival.likeness)) {
    const left = [...(byLikeness.get(likeness) ?? [])];
    const open: Arrival[] = [];
    for (const arrival of alike) {
      const at = left.findIndex(({ identity }) => identity === arrival.identity);
      const departure = at < 0 ? undefined : left.splice(at, 1)[0];
      if (departure) moved.push({ departure, arrival });
      else open.push(arrival);
    }
    const nameless = left.filter(({ identity }) => identity === null);
    if (staying.has(likeness) || open.length > nameless.length) continue;
    for (const [at, arrival] of open.entries()) moved.push({ departure: nameless[at] as Departure, arrival });
  }
  return moved;
}
