import type { OpenedFolder } from "../upstream/imap/select.ts";
import { catchUpFlags } from "./catch-up.ts";
import { noteFolder, noteWholeFolder } from "./copy-folder.ts";
import { FolderPair } from "./folder-pair.ts";
import type { FolderTask } from "./folders.ts";
import { SWEEP_MESSAGES } from "./limits.ts";
import { followMoves, maybeMoved } from "./moves.ts";
import type { Pass } from "./pass.ts";
import { FolderSender } from "./send.ts";
import { applySourceDeletes } from "./source-deletes.ts";
import { type FolderChanges, prepareSweeps, sweepFolder } from "./sweep.ts";

/** A folder that has been looked at. */
interface Swept {
  readonly task: FolderTask;
  readonly changes: FolderChanges;
  /** What the source said of it before it was looked at: what came later is found by the next pass. */
  readonly seen: OpenedFolder;
}

/**
 * A later pass, or one that goes on with an interrupted copy, over the folders in which something has happened: all are looked at before anything is done, so that a
 * message that has left one of them and come into another is known to have moved.
 * @returns the folders that are to be copied by windows: never copied whole
 * @throws {Failure} when the pass cannot go on
 */
export async function bringInStep(pass: Pass, changed: readonly FolderTask[]): Promise<FolderTask[]> {
  const afresh = changed.filter((task) => !wasWhole(pass, task));
  const sweepable = changed.filter((task) => wasWhole(pass, task) || isSmall(task));
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
  return { task, changes: await sweepFolder(pass, folder), seen };
}

/** What is new is sent, and flags are caught up. */
async function apply(pass: Pass, { task, changes, seen }: Swept): Promise<void> {
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
  if (pass.troubles.length === troubles) await noteWholeFolder(pass, folder.source, seen);
  pass.progress.setDone(task.source, null);
}

function wasWhole(pass: Pass, { source }: FolderTask): boolean {
  return pass.ledger.folder(source)?.head.sourceUidNext != null;
}

/** What is in such a folder fits into memory, all of it new. */
function isSmall({ status }: FolderTask): boolean {
  return (status?.messages ?? Number.POSITIVE_INFINITY) <= SWEEP_MESSAGES;
}
