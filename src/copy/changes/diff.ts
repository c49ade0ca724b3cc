import type { LedgerEntry } from "../../model/ledger.ts";
import type { MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import { isAtSource, isSpent } from "./entry-state.ts";

/** Flags that the source has changed since the ledger last saw them, or a message that it has again. */
export interface FlagChange {
  /** Never with `goneSince`: the source has it. */
  readonly entry: LedgerEntry;
  /** As the ledger keeps them from now on. */
  readonly flags: readonly string[];
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** What a listing of the source shows beside the ledger. */
export interface Changes {
  /** Never copied, by ascending UID. */
  readonly fresh: MessageMetadata[];
  readonly flagChanges: FlagChange[];
}

/**
 * Compares a listing with the ledger. New is what the ledger does not know, whatever its UID: the newest mail is copied first, so
 * there is no highest UID below which all is done.
 *
 * Flags are merged three ways, flag by flag: last agreed value, source now, target now. A flag has two values only, so where the
 * source has changed it, a target that still has the old value takes the new one, and any other has it already: the difference alone
 * (`+FLAGS`, `-FLAGS`) is the merge, and what the person changed on the target stays.
 */
export function diffListing(
  known: ReadonlyMap<number, LedgerEntry>,
  listed: readonly MessageMetadata[],
): Changes {
  const fresh: MessageMetadata[] = [];
  const flagChanges: FlagChange[] = [];
  for (const message of listed) {
    const entry = known.get(message.uid);
    if (entry === undefined || isSpent(entry)) {
      fresh.push(message);
      continue;
    }
    const change = flagChange(entry, message.flags);
    if (change !== null) flagChanges.push(change);
  }
  return { fresh: fresh.sort((a, b) => a.uid - b.uid), flagChanges };
}

/** What `ledgerFlags` has made of lists that are still in use. */
const made = new WeakMap<readonly string[], readonly string[]>();

/**
 * Flags as the ledger keeps them: sorted, each once, in the server's spelling. Messages that a listing gives one list of flags share one here too: a
 * large mailbox has many messages and few sets of flags.
 */
export function ledgerFlags(flags: readonly string[]): readonly string[] {
  const there = made.get(flags);
  if (there !== undefined) return there;
  const sorted = [...new Set(flags)].filter((flag) => flag.toLowerCase() !== "\\recent").sort();
  made.set(flags, Object.freeze(sorted));
  return sorted;
}

/** What the target is asked to keep: keywords that its PERMANENTFLAGS do not name are left out (RFC 9051 §7.1). `null` = all. */
export function storableFlags(flags: readonly string[], permanent: readonly string[] | null): string[] {
  if (permanent === null || permanent.includes("\\*")) return [...flags];
  const kept = new Set(permanent.map((flag) => flag.toLowerCase()));
  return flags.filter((flag) => flag.startsWith("\\") || kept.has(flag.toLowerCase()));
}

/**
 * What the source has changed of a message that it lists; `null` = nothing. Flag names have no case (RFC 9051 §2.3.2): another spelling is no change.
 * Flags that were under way when a process ended are set as the source has them now: it may have taken its change back since, and the target not.
 */
export function flagChange(entry: LedgerEntry, now: readonly string[]): FlagChange | null {
  const flags = ledgerFlags(now);
  const underWay = entry.flagsUnderWay ?? [];
  const before = lowerCase(entry.flags);
  for (const flag of underWay) before.delete(flag.toLowerCase());
  const after = lowerCase(flags);
  const add = flags.filter((flag) => !before.has(flag.toLowerCase()));
  const known = [...entry.flags, ...underWay.filter((flag) => !entry.flags.includes(flag))];
  const remove = known.filter((flag) => !after.has(flag.toLowerCase()));
  if (!isAtSource(entry)) {
    const { goneSince: _, ...present } = entry;
    return { entry: present, flags, add, remove };
  }
  return add.length + remove.length === 0 ? null : { entry, flags, add, remove };
}

function lowerCase(flags: readonly string[]): Set<string> {
  return new Set(flags.map((flag) => flag.toLowerCase()));
}
