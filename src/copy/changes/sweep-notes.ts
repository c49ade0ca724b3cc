import type { LedgerEntry } from "../../model/ledger.ts";
import { type FlagChange, flagChange } from "./diff.ts";
import { isAtSource, isSpent } from "./entry-state.ts";

/** Flags of a message that the source lists. */
interface SeenFlags {
  readonly uid: number;
  readonly flags: readonly string[];
}

/** What has changed in a source folder, by UID. */
export interface SweepFindings {
  /** Not in the ledger, ascending. */
  readonly freshUids: number[];
  readonly flagChanges: FlagChange[];
  /** In the ledger as still there, and gone now. */
  readonly vanished: LedgerEntry[];
}

/**
 * Compares what a source says of its folder, piece by piece, with the ledger. What it says may come in any order and more than once; the last word
 * about a message counts (RFC 7162 §3.2.10).
 */
export class SweepNotes {
  readonly #known: ReadonlyMap<number, LedgerEntry>;
  readonly #seen = new Set<number>();
  readonly #fresh = new Set<number>();
  readonly #changes = new Map<number, FlagChange>();
  readonly #vanished = new Map<number, LedgerEntry>();

  /** @param known the folder's ledger by source UID */
  constructor(known: ReadonlyMap<number, LedgerEntry>) {
    this.#known = known;
  }

  /** The source has this message, with these flags. */
  see({ uid, flags }: SeenFlags): void {
    const entry = this.#known.get(uid);
    this.seeUid(uid);
    if (entry && !this.#fresh.has(uid)) this.#noteChange(uid, flagChange(entry, flags));
  }

  /** The source has this message; nothing is said of its flags. */
  seeUid(uid: number): void {
    const entry = this.#known.get(uid);
    this.#seen.add(uid);
    this.#vanished.delete(uid);
    if (entry === undefined || isSpent(entry)) this.#fresh.add(uid);
    else if (!isAtSource(entry) && !this.#changes.has(uid))
      this.#noteChange(uid, flagChange(entry, entry.flags));
  }

  /** Whatever there was of these is gone; the range may span UIDs that never were. */
  vanish(from: number, to: number): void {
    // The shorter way: a range may span 2^32 UIDs, and a folder may have many ranges.
    if (to - from < this.#known.size) for (let uid = from; uid <= to; uid += 1) this.#vanishOne(uid);
    else
      for (const uid of [...this.#known.keys(), ...this.#fresh])
        if (uid >= from && uid <= to) this.#vanishOne(uid);
  }

  /** All that the source has was said: what was not seen is gone. */
  vanishUnseen(): void {
    for (const uid of this.#known.keys()) if (!this.#seen.has(uid)) this.#vanishOne(uid);
  }

  /**
   * Whether ledger and changes together account for the messages that the folder holds: else a message was put off, or came again, without a word.
   * @param exists messages with UIDs below `uidNext`
   */
  accountsFor(exists: number, uidNext: number | null): boolean {
    let count = freshBelow(this.#fresh, uidNext).length - this.#vanished.size;
    for (const [uid, entry] of this.#known) if (isAtSource(entry) || this.#changes.has(uid)) count += 1;
    return count === exists;
  }

  /** @param uidNext what has this UID or a higher one has come since the folder was opened, and is left to the next pass; `null` = not said */
  findings(uidNext: number | null): SweepFindings {
    return {
      freshUids: freshBelow(this.#fresh, uidNext),
      flagChanges: [...this.#changes.values()],
      vanished: [...this.#vanished.values()],
    };
  }

  #noteChange(uid: number, change: FlagChange | null): void {
    if (change) this.#changes.set(uid, change);
    else this.#changes.delete(uid);
  }

  #vanishOne(uid: number): void {
    this.#fresh.delete(uid);
    this.#changes.delete(uid);
    const entry = this.#known.get(uid);
    if (entry && isAtSource(entry)) this.#vanished.set(uid, entry);
  }
}

/** Bounds of the UIDs in one listing, so that each holds about `messages` of the known ones; the last one is open to the end. */
export function sweepWindows(
  known: Iterable<number>,
  messages: number,
): { first: number; last: number | null }[] {
  const uids = [...known].sort((a, b) => a - b);
  const windows: { first: number; last: number | null }[] = [];
  let first = 1;
  for (let at = messages - 1; at < uids.length - 1; at += messages) {
    const last = uids[at] as number;
    windows.push({ first, last });
    first = last + 1;
  }
  return [...windows, { first, last: null }];
}

function freshBelow(fresh: ReadonlySet<number>, uidNext: number | null): number[] {
  return [...fresh].filter((uid) => uidNext === null || uid < uidNext).sort((a, b) => a - b);
}
