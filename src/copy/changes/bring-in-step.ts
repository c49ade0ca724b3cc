import { isInbox } from "../../model/folder.ts";
import type { OpenedFolder } from "../../upstream/imap/commands/select.ts";
import type { FolderTask } from "../folders/folders.ts";
import { noteFolder, noteWholeFolder } from "../lanes/copy-folder.ts";
import { FolderPair } from "../lanes/folder-pair.ts";
import { SWEEP_MESSAGES } from "../limits.ts";
import type { Pass } from "../pass.ts";
import { FolderSender } from "../sending/send.ts";
import { catchUpFlags } from "./catch-up.ts";
import { isAtSource, isSpent } from "./entry-state.ts";
import { followMoves, maybeMoved } from "./moves.ts";
import { applySourceDeletes } from "./source-deletes.ts";
import { type FolderChanges, prepareSweeps, sweepFolder } from "./sweep.ts";

/** A folder that has been looked at. */
interface Swept {
  readonly task: FolderTask;
  readonly changes: FolderChanges;
  /** What the source said of it before it was looked at: what came later is found by the next pass. */
  readonly seen: OpenedFolder;
  /** Whether some of it could not be copied yet. */
  readonly isInTrouble: boolean;
}

/**
 * A later pass, or one that goes on with an interrupted copy, over the folders in which something has happened: all are looked at before anything is done, so that a
 * message that has left one of them and come into another is known to have moved.
 * @returns the folders that are to be copied by windows: never copied whole
 * @throws {Failure} when the pass cannot go on
 */
export async function bringInStep(pass: Pass, changed: readonly FolderTask[]): Promise<FolderTask[]> {
  const afresh = changed.filter((task) => !wasWhole(pass, task));
  // A large folder may hold what is gone elsewhere: all that another was renamed from, or what its own UIDVALIDITY has hidden for a while.
  const limit = SWEEP_MESSAGES + goneCount(pass);
  const sweepable = changed.filter((task) => wasWhole(pass, task) || messagesIn(task) <= limit);
  if (sweepable.length > 0) await prepareSweeps(pass);
  const swept: Swept[] = [];
  for (const task of sweepable) {
    pass.checkpoint();
    const one = await noteFolder(pass, task.source, () => sweep(pass, task));
    if (one === null) continue;
    // The rest of it is listed again, window by window: there may be much, in many folders.
    if (afresh.includes(task)) one.changes.fresh = maybeMoved(pass.ledger, one.changes.fresh);
    swept.push(one);
  }
  const changes = swept.map((one) => one.changes);
  await followMoves(pass, changes);
  await applySourceDeletes(pass, changes);
  for (const one of swept) {
    if (afresh.includes(one.task)) continue;
    pass.checkpoint();
    await noteFolder(pass, one.task.source, () => apply(pass, one));
  }
  return afresh;
}

async function sweep(pass: Pass, task: FolderTask): Promise<Swept> {
  const folder = await FolderPair.open(pass, pass.main, task.source);
  const seen = folder.opened.source;
  const changes = await sweepFolder(pass, folder);
  const before = pass.troubles.length;
  if (isInbox(task.source) && wasWhole(pass, task)) await sendAtOnce(pass, changes);
  return { task, changes, seen, isInTrouble: pass.troubles.length > before };
}

/** New mail in INBOX does not wait until all other folders are looked at. What may have come from one of them does. */
async function sendAtOnce(pass: Pass, changes: FolderChanges): Promise<void> {
  const moved = new Set(maybeMoved(pass.ledger, changes.fresh));
  const fresh = changes.fresh.filter((message) => !moved.has(message));
  if (fresh.length === 0) return;
  const sender = new FolderSender(pass, changes.folder);
  await sender.send(fresh);
  await sender.finish();
  changes.fresh = [...moved];
}

/** What is new is sent, and flags are caught up. */
async function apply(pass: Pass, { task, changes, seen, isInTrouble }: Swept): Promise<void> {
  const { folder, fresh, flagChanges } = changes;
  const troubles = pass.troubles.length;
  if (fresh.length + flagChanges.length > 0) {
    await folder.beOpen();
    const sender = new FolderSender(pass, folder);
    await sender.send(fresh);
    await sender.finish();
    pass.checkpoint();
    await catchUpFlags(pass, folder, flagChanges);
  }
  if (!isInTrouble && pass.troubles.length === troubles) await noteWholeFolder(pass, folder.source, seen);
  pass.progress.setDone(task.source, null);
}

function wasWhole(pass: Pass, { source }: FolderTask): boolean {
  return (pass.ledger.folder(source)?.head.sourceUidNext ?? null) !== null;
}

function messagesIn({ status }: FolderTask): number {
  return status?.messages ?? Number.POSITIVE_INFINITY;
}

function goneCount(pass: Pass): number {
  let count = 0;
  for (const { entries } of pass.ledger.folders())
    for (const entry of entries.values()) if (!isAtSource(entry) && !isSpent(entry)) count += 1;
  return count;
}
