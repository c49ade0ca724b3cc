import { diffListing } from "../changes/diff.ts";
import { maybeMoved } from "../changes/moves.ts";
import type { FolderTask } from "../folders/folders.ts";
import { FIRST_WINDOW_UIDS } from "../limits.ts";
import type { Pass } from "../pass.ts";
import { brokenConnection } from "../sending/breaking.ts";
import { FolderSender } from "../sending/send.ts";
import { isListedWhole, noteFolder } from "./copy-folder.ts";
import { FolderPair } from "./folder-pair.ts";
import type { Lane } from "./lane.ts";
import { WindowLister, windowCursor } from "./windows.ts";

/**
 * The newest window of INBOX only, for who has just logged in and waits.
 * @param goesOn the rest of the folder follows on this lane, and nothing before
 * @returns `given` settles when the source has handed them out, `end` when the target has answered: with the folder as it was opened where the lane can go on with it;
 * it rejects with a {Failure} when the pass cannot go on
 */
export function copyNewest(
  pass: Pass,
  lane: Lane,
  task: FolderTask,
  goesOn: boolean,
): { readonly given: Promise<void>; readonly end: Promise<FolderPair | null> } {
  const given = Promise.withResolvers<void>();
  const copied = noteFolder(pass, task.source, () => copyOpened(pass, lane, task, goesOn, given.resolve));
  const end = copied.finally(given.resolve);
  // Whoever waits for `given` only must not be ended by a rejection of `end`.
  end.catch(() => undefined);
  return { given: given.promise, end };
}

async function copyOpened(
  pass: Pass,
  lane: Lane,
  task: FolderTask,
  goesOn: boolean,
  given: () => void,
): Promise<FolderPair | null> {
  const folder = await openListed(pass, lane, task);
  const { opened } = folder;
  if (goesOn) pass.inboxBorder.setAt(opened.source.uidNext);
  // After a break it is another view of the folder: neither the border nor the listing belongs to it.
  const canGoOn = () => goesOn && folder.opened === opened;
  const cursor = await windowCursor(pass, folder, "newest few");
  const sender = new FolderSender(pass, folder);
  const lister = new WindowLister(pass, folder, cursor, () => sender.startAgain());
  const { fresh } = diffListing(folder.entries, (await lister.next()) ?? []);
  // Where an interrupted copy goes on: not looked at yet whether they were moved here.
  const moved = new Set(maybeMoved(pass.ledger, fresh));
  await sender.send(fresh.filter((message) => !moved.has(message)));
  given();
  // What the rest begins with comes while the target answers.
  if (canGoOn() && isListedWhole(pass, task)) folder.list(1);
  await sender.finish();
  return canGoOn() ? folder : null;
}

/** Opens INBOX and lists its newest window in one round trip; in two where a message breaks the connection before the answer to the first has come. */
async function openListed(pass: Pass, lane: Lane, { source, status }: FolderTask): Promise<FolderPair> {
  const uidNext = status?.uidNext ?? null;
  const isListable = uidNext !== null && pass.ledger.refusedIn(source).length === 0;
  const listFrom = isListable ? Math.max(1, uidNext - FIRST_WINDOW_UIDS) : null;
  try {
    return await FolderPair.open(pass, lane, source, { listFrom });
  } catch (error) {
    if (listFrom === null || lane.isOpen) throw error;
    brokenConnection(error);
    pass.checkpoint();
    await lane.reconnect();
    return await FolderPair.open(pass, lane, source);
  }
}
