import { printable } from "../../kit/text.ts";
import type { FolderName, LedgerIntent } from "../../model/ledger.ts";
import { listUids } from "../../upstream/imap/commands/list-uids.ts";
import { moveMessages } from "../../upstream/imap/commands/move.ts";
import { openFolder } from "../../upstream/imap/commands/select.ts";
import { folderStatus } from "../../upstream/imap/commands/status.ts";
import type { ImapConnection } from "../../upstream/imap/connection/connection.ts";
import { CommandRefusedError } from "../../upstream/imap/refusal.ts";
import { uidSetOf } from "../../upstream/imap/uid-set.ts";
import { localEnd } from "../../upstream/left-behind.ts";
import { UIDS_A_COMMAND } from "../limits.ts";
import type { Pass } from "../pass.ts";
import type { FolderHead } from "../record.ts";
import { hashContents, listByUid } from "../recovery/reconcile.ts";

/** What following moves asks of both servers. Folders are opened as needed: none stays the one that was open before. */
export interface MoveServers {
  /** Which of these messages the source folder still has; `null` where that cannot be told. */
  stillThere(folder: FolderHead, sourceUids: readonly number[]): Promise<ReadonlySet<number> | null>;
  /** Identities (see `Arrival`) of messages of the source folder, by UID; those that are gone are missing. */
  messages(folder: FolderHead, sourceUids: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** The same for copies in the target folder. */
  copies(folder: FolderHead, targetUids: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** Cuts messages into as many as one command takes. */
  commandsOf<Message>(moved: readonly Message[]): Message[][];
  /** What an intent says of the target folder, before messages are moved to it. */
  moving(
    to: FolderHead,
  ): Promise<Pick<LedgerIntent, "targetUidValidity" | "targetUidNext" | "at"> & Pick<LedgerIntent, "via">>;
  /**
   * Moves copies from one target folder to another.
   * @returns UIDs before → after; `null` where the target does not say so, or says no
   */
  move(
    from: FolderHead,
    to: FolderHead,
    targetUids: readonly number[],
  ): Promise<ReadonlyMap<number, number> | null>;
  /** Looks what has arrived in the target folder of the messages that an intent names, and records it. */
  lookFor(to: FolderHead): Promise<void>;
}

/**
 * The servers of a pass, over its main lane.
 * @param reopen opens a folder pair again and deals with its intents
 */
export function serversOf(pass: Pass, reopen: (source: FolderName) => Promise<void>): MoveServers {
  return {
    stillThere: async (folder, uids) => {
      if (!(await isOpened(pass, folder.source, "examine", folder.sourceUidValidity))) return null;
      return await presentUids(pass.source, uids);
    },
    messages: async (folder, uids) =>
      (await isOpened(pass, folder.source, "examine", folder.sourceUidValidity))
        ? await identities(pass.source, uids)
        : new Map(),
    copies: async (folder, uids) =>
      (await isOpened(pass, folder.target, "select", folder.targetUidValidity))
        ? await identities(pass.target, uids)
        : new Map(),
    commandsOf: (moved) => {
      const commands = [];
      for (let at = 0; at < moved.length; at += UIDS_A_COMMAND)
        commands.push(moved.slice(at, at + UIDS_A_COMMAND));
      return commands;
    },
    moving: async (to) => {
      const status = await folderStatus(pass.target, to.target);
      return {
        targetUidValidity: status.uidValidity ?? to.targetUidValidity ?? 0,
        // Without UIDNEXT all of the folder is looked at; what the ledger knows is left out.
        targetUidNext: status.uidNext ?? 1,
        at: new Date(pass.deps.clock.now()).toISOString(),
        via: localEnd(pass.target),
      };
    },
    move: (from, to, uids) => move(pass, from, to, uids),
    lookFor: (to) => reopen(to.source),
  };
}

async function move(
  pass: Pass,
  from: FolderHead,
  to: FolderHead,
  uids: readonly number[],
): Promise<ReadonlyMap<number, number> | null> {
  if (!(await isOpened(pass, from.target, "select", from.targetUidValidity))) return null;
  await pass.keepHold();
  try {
    const result = await moveMessages(pass.target, uidSetOf(uids), to.target);
    const copied = result.kind === "not-possible" ? null : result.copied;
    return copied?.uidValidity === to.targetUidValidity ? copied.uids : null;
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
    pass.deps.log.warn(
      { event: "copy.folder", ...pass.logFields, folder: printable(to.target), messages: uids.length },
      `the target does not move messages that were moved at the source: ${printable(error.text)}`,
    );
    return null;
  }
}

/** Whether the folder is open now and its UIDs mean what the ledger takes them for. */
async function isOpened(
  pass: Pass,
  name: FolderName,
  mode: "examine" | "select",
  uidValidity: number | null,
): Promise<boolean> {
  const connection = mode === "examine" ? pass.source : pass.target;
  // No folder pair is open as a whole any more.
  pass.main.present = null;
  try {
    return (await openFolder(connection, name, mode)).uidValidity === uidValidity;
  } catch (error) {
    if (error instanceof CommandRefusedError) return false;
    throw error;
  }
}

async function presentUids(connection: ImapConnection, uids: readonly number[]): Promise<Set<number>> {
  const ascending = [...uids].sort((a, b) => a - b);
  const present = new Set<number>();
  for (let at = 0; at < ascending.length; at += UIDS_A_COMMAND) {
    const some = ascending.slice(at, at + UIDS_A_COMMAND);
    const ranges = await listUids(connection, uidSetOf(some));
    for (const uid of some) if (ranges.some(({ from, to }) => from <= uid && uid <= to)) present.add(uid);
  }
  return present;
}

/** By Message-ID; by contents where a message has none, since many such messages may share date and size. */
async function identities(connection: ImapConnection, uids: readonly number[]): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  const nameless: number[] = [];
  for (const { uid, messageId } of await listByUid(connection, uids, { messageId: true })) {
    if (messageId === null) nameless.push(uid);
    else found.set(uid, `Message-ID ${messageId}`);
  }
  for (const [uid, hash] of await hashContents(connection, nameless)) found.set(uid, `contents ${hash}`);
  return found;
}
