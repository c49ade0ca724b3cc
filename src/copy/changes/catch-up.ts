import { printable } from "../../kit/text.ts";
import { Failure } from "../../model/failure.ts";
import type { LedgerEntry } from "../../model/ledger.ts";
import { storeFlags } from "../../upstream/imap/commands/store-flags.ts";
import { CommandRefusedError } from "../../upstream/imap/refusal.ts";
import { uidSetOf } from "../../upstream/imap/uid-set.ts";
import type { FolderPair } from "../lanes/folder-pair.ts";
import { UIDS_A_COMMAND } from "../limits.ts";
import { FolderTroubleError, type Pass } from "../pass.ts";
import { meaningOfRefusal, wordsOfRefusal } from "../refused/refusal.ts";
import { type FlagChange, storableFlags } from "./diff.ts";

/** One STORE: the same difference for many messages. */
export interface FlagCommand {
  readonly mode: "+" | "-";
  readonly flags: readonly string[];
  /** Target UIDs, ascending. */
  readonly uids: readonly number[];
}

/**
 * Applies what the source has changed to the messages that we stored, as differences. A message that its user has moved or deleted is not under
 * its UID any more, and a STORE to it does nothing (RFC 9051 §6.4.9).
 * @throws {FolderTroubleError} when the target cannot do it now
 */
export async function catchUpFlags(
  pass: Pass,
  folder: FolderPair,
  changes: readonly FlagChange[],
): Promise<void> {
  const permanent = folder.opened.target.permanentFlags;
  for (let at = 0; at < changes.length; at += UIDS_A_COMMAND) {
    pass.checkpoint();
    const some = changes.slice(at, at + UIDS_A_COMMAND);
    await pass.ledger.record(folder.source, underWay(some), null);
    for (const { mode, flags, uids } of flagCommands(some, permanent)) {
      await store(pass, folder, mode, flags, uids);
    }
    await pass.ledger.record(folder.source, caughtUp(some), null);
    pass.counts.flagChanges += some.length;
  }
}

/** The ledger's entries before the target is asked: who ends between its STORE and our record leaves either value, and the source may take its change back meanwhile. */
export function underWay(changes: readonly FlagChange[]): LedgerEntry[] {
  const asked = changes.filter(
    ({ entry, add, remove }) => entry.targetUid !== null && add.length + remove.length > 0,
  );
  return asked.map(({ entry, add, remove }) => ({ ...entry, flagsUnderWay: [...add, ...remove] }));
}

/** The ledger's entries once the target has these changes. */
export function caughtUp(changes: readonly FlagChange[]): LedgerEntry[] {
  return changes.map(({ entry, flags }) => {
    const { flagsUnderWay: _, ...settled } = entry;
    return { ...settled, flags };
  });
}

/** The fewest STOREs that make these changes. Messages without a target UID are left alone. */
export function flagCommands(
  changes: readonly FlagChange[],
  permanent: readonly string[] | null,
): FlagCommand[] {
  const commands = new Map<string, { mode: "+" | "-"; flags: readonly string[]; uids: number[] }>();
  const add = (mode: "+" | "-", uid: number, changed: readonly string[]) => {
    const flags = storableFlags(changed, permanent);
    if (flags.length === 0) return;
    const key = [mode, ...flags].join(" ");
    const command = commands.get(key) ?? { mode, flags, uids: [] };
    command.uids.push(uid);
    commands.set(key, command);
  };
  for (const change of changes) {
    const { targetUid } = change.entry;
    if (targetUid === null) continue;
    add("+", targetUid, change.add);
    add("-", targetUid, change.remove);
  }
  return [...commands.values()].map(({ mode, flags, uids }) => ({
    mode,
    flags,
    uids: uids.sort((a, b) => a - b),
  }));
}

/** A flag that the target does not take is dropped; a target that is busy makes the folder wait for the next pass. */
async function store(
  pass: Pass,
  folder: FolderPair,
  mode: "+" | "-",
  flags: readonly string[],
  uids: readonly number[],
): Promise<void> {
  try {
    await storeFlags(folder.lane.target, uidSetOf(uids), mode, flags);
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
    const words = wordsOfRefusal(error);
    const where = `flags in the folder "${printable(folder.target)}" of ${pass.account.address}: ${words}`;
    if (meaningOfRefusal(error) !== "message")
      throw new FolderTroubleError(new Failure("target-unreachable", `the target does not change ${where}`));
    pass.deps.log.warn(
      { event: "copy.folder", ...pass.logFields, flags: flags.length },
      `the target refuses ${where}`,
    );
  }
}
