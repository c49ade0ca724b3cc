import { printable } from "../../kit/text.ts";
import { causeChain } from "../../model/failure.ts";
import { isInbox } from "../../model/folder.ts";
import type { FolderName } from "../../model/ledger.ts";
import type { OpenedFolder } from "../../upstream/imap/commands/select.ts";
import { catchUpFlags } from "../changes/catch-up.ts";
import { diffListing, type FlagChange } from "../changes/diff.ts";
import { isAtSource } from "../changes/entry-state.ts";
import type { FolderTask } from "../folders/folders.ts";
import { FIRST_WINDOW_UIDS, WINDOW_GROWTH, WINDOW_UIDS } from "../limits.ts";
import { folderTroubleOf, type Pass } from "../pass.ts";
import { FolderSender } from "../sending/send.ts";
import { considerCompression } from "./compression.ts";
import { FolderPair } from "./folder-pair.ts";
import type { Lane } from "./lane.ts";
import type { WindowCursor } from "./window-cursor.ts";
import { type FirstWindow, WindowLister, windowCursor } from "./windows.ts";

/** A folder that is being copied, as other lanes see it. */
export interface SharedFolder {
  readonly source: FolderName;
  readonly owner: FolderPair;
  readonly cursor: WindowCursor;
  /** Lanes that copy windows of it beside its owner; none of the promises rejects for the folder's own trouble. */
  readonly helpers: Promise<unknown>[];
  readonly listed: { messages: number; bytes: number };
  /** Whether there may still be windows for another lane. */
  isOpen: boolean;
  /** A helper has gone and may have left windows that it had taken. */
  isLeftOpen: boolean;
}

/** What the lane that copies a folder does beside it, as it is at the moment of asking. */
export interface Beside {
  /** Shows other lanes the folder that is being copied now. */
  show(shared: SharedFolder): void;
  /** The folder has no windows any more. */
  hide(shared: SharedFolder): void;
  /** Whether the lane may take another window. */
  mayGoOn(): boolean;
  /** The source has been asked for all: the lane may open its next folder while the last messages are on their way. */
  askedForAll(): void;
  /** Whether it has done so. */
  hasLookedAhead(): boolean;
  /** The folder is needed again: ends what the lane has begun since. */
  comeBack(): Promise<void>;
}

/** Whether a folder is listed in one go, as soon as it is opened. */
export function isListedWhole(pass: Pass, { source, status }: FolderTask): boolean {
  const messages = status?.messages ?? null;
  const limit = isWaitedFor(pass, source) ? FIRST_WINDOW_UIDS * WINDOW_GROWTH : WINDOW_UIDS;
  const isSmall = messages !== null && messages > 0 && messages <= limit;
  // A message that breaks a listing would break this one too.
  return isSmall && pass.ledger.refusedIn(source).length === 0;
}

/** Opens the folder of a task. Where it is small its listing comes along, unless that `mayBreak`: it has broken the connection before, or something else has. */
export async function openTask(
  pass: Pass,
  lane: Lane,
  task: FolderTask,
  mayBreak = false,
): Promise<FolderPair> {
  const { source } = task;
  const listFrom = isListedWhole(pass, task) && !mayBreak ? 1 : null;
  if (!isInbox(source)) return await FolderPair.open(pass, lane, source, { listFrom });
  await pass.inboxBorder.lift();
  const inbox = await FolderPair.open(pass, lane, source, { listFrom });
  pass.inboxBorder.setAt(inbox.opened.source.uidNext);
  return inbox;
}

/** How the copy of a folder ended: all of it, left to another lane, to be done again with more care, or in trouble of its own. */
export type FolderEnd = "whole" | "left" | "again" | "trouble";

/**
 * Copies what the ledger does not know of one folder, window by window, and applies changed flags. Trouble of the folder alone is noted in
 * the pass.
 * @param opened what `openTask` gave
 * @returns `free` settles when the lane may go on to its next folder, `end` when the target has answered to all; it rejects with a {Failure} when the pass
 * cannot go on
 */
export function copyFolder(
  pass: Pass,
  task: FolderTask,
  opened: () => Promise<FolderPair>,
  beside: Beside,
): { readonly free: Promise<void>; readonly end: Promise<FolderEnd> } {
  const free = Promise.withResolvers<void>();
  const end = noteFolder(pass, task.source, () =>
    copyOpened(pass, task, opened, beside, () => free.resolve()),
  )
    .then((ended) => ended ?? "trouble")
    .finally(() => free.resolve());
  // Whoever waits for `free` only must not be ended by a rejection of `end`.
  end.catch(() => undefined);
  return { free: free.promise, end };
}

async function copyOpened(
  pass: Pass,
  task: FolderTask,
  opened: () => Promise<FolderPair>,
  beside: Beside,
  leave: () => void,
): Promise<FolderEnd> {
  const owner = await opened();
  const seen = owner.opened.source;
  const first: FirstWindow = isWaitedFor(pass, task.source) ? "some" : "many";
  const shared: SharedFolder = {
    source: task.source,
    owner,
    cursor: await windowCursor(pass, owner, first),
    helpers: [],
    listed: { messages: 0, bytes: 0 },
    isOpen: true,
    isLeftOpen: false,
  };
  const before = pass.troubles.length;
  beside.show(shared);
  let end: FolderEnd;
  try {
    end = await copyWindows(pass, owner, shared, beside, leave);
  } finally {
    shared.isOpen = false;
    beside.hide(shared);
    await Promise.all(shared.helpers);
  }
  if (end !== "whole") return end;
  if (shared.isLeftOpen) return "again";
  // Without the mark, the next pass compares all of the folder with the ledger.
  const mark = knowsMore(pass, task.source, seen) ? { ...seen, highestModSeq: null } : seen;
  if (pass.troubles.length === before) await noteWholeFolder(pass, task.source, mark);
  pass.progress.setDone(task.source, shared.listed);
  return "whole";
}

/**
 * Whether the ledger knows more messages than the folder had when it was opened: some were copied before that, by whoever began with the newest ones or by a pass
 * that broke off, and are gone since. What has changed after the opening does not tell of them.
 */
function knowsMore(pass: Pass, source: FolderName, { exists, uidNext }: OpenedFolder): boolean {
  const entries = pass.ledger.folder(source)?.entries;
  if (entries === undefined || entries.size <= exists) return false;
  let known = 0;
  for (const entry of entries.values())
    if (isAtSource(entry) && entry.sourceUid < (uidNext ?? Number.POSITIVE_INFINITY)) known += 1;
  return known > exists;
}

/**
 * Copies windows of a folder that another lane has begun. Its owner waits for the end, and copies again what was left.
 * @returns whether there is any use in helping with it again
 * @throws {Failure} when the pass cannot go on
 */
export async function helpWith(pass: Pass, lane: Lane, shared: SharedFolder): Promise<boolean> {
  const help = noteFolder(pass, shared.source, () => copyBeside(pass, lane, shared));
  // A failure that ends the pass reaches it through this lane; the owner only waits.
  shared.helpers.push(help.catch(() => undefined));
  return (await help) ?? false;
}

/** What is trouble for a second connection need be none for the first: the owner finds out. */
async function copyBeside(pass: Pass, lane: Lane, shared: SharedFolder): Promise<boolean> {
  const { uidValidity } = shared.owner.opened.source;
  try {
    const folder = await FolderPair.open(pass, lane, shared.source, { uidValidity });
    const beside = {
      mayGoOn: () => !lane.permit.isOverdrawn,
      askedForAll: () => undefined,
      hasLookedAhead: () => false,
      comeBack: async () => undefined,
    };
    shared.isLeftOpen = (await copyWindows(pass, folder, shared, beside)) !== "whole" || shared.isLeftOpen;
    return true;
  } catch (error) {
    shared.isLeftOpen = true;
    const trouble = folderTroubleOf(error);
    if (trouble === null) throw error;
    pass.deps.log.debug(
      { event: "copy.folder", ...pass.logFields, lane: lane.name, causes: causeChain(trouble) },
      "a further lane cannot help with a large folder",
    );
    return false;
  }
}

/** @param leave called when the lane may go on to its next folder: the target's last answers need nobody */
async function copyWindows(
  pass: Pass,
  folder: FolderPair,
  shared: SharedFolder,
  beside: Omit<Beside, "show" | "hide">,
  leave?: () => void,
): Promise<FolderEnd> {
  const sender = new FolderSender(pass, folder, () => beside.comeBack());
  try {
    return await sendWindows(pass, folder, shared, beside, sender, leave);
  } finally {
    await sender.landed();
  }
}

async function sendWindows(
  pass: Pass,
  folder: FolderPair,
  shared: SharedFolder,
  beside: Omit<Beside, "show" | "hide">,
  sender: FolderSender,
  leave?: () => void,
): Promise<FolderEnd> {
  const lister = new WindowLister(pass, folder, shared.cursor, () => sender.startAgain());
  const changes: FlagChange[] = [];
  let isDone = false;
  while (!pass.isStopping && beside.mayGoOn()) {
    const window = await lister.next();
    isDone = window === null;
    if (window === null) break;
    pass.checkpoint();
    await considerCompression(pass, folder.lane, () => sender.landed());
    shared.listed.messages += window.length;
    for (const { size } of window) shared.listed.bytes += size;
    const { fresh, flagChanges } = diffListing(folder.entries, window);
    changes.push(...flagChanges);
    const isLast = shared.cursor.left === 0;
    if (!isLast) lister.lookAhead();
    await sender.send(fresh, isLast && changes.length === 0 ? () => beside.askedForAll() : undefined);
  }
  if (isDone && beside.hasLookedAhead() && changes.length === 0 && shared.helpers.length === 0) {
    shared.isOpen = false;
    leave?.();
    return (await sender.landFromAfar()) ? "whole" : "again";
  }
  await sender.finish();
  pass.checkpoint();
  if (changes.length > 0) {
    await beside.comeBack();
    await folder.beOpen();
    await catchUpFlags(pass, folder, changes);
  }
  return isDone ? "whole" : "left";
}

/** INBOX in a first pass: somebody has just logged in and looks at it. */
function isWaitedFor(pass: Pass, source: FolderName): boolean {
  return pass.isFirst && isInbox(source);
}

/** Notes that the folder is copied as far as the source had it when it said `seen`: what came later is found by the next pass. */
export async function noteWholeFolder(pass: Pass, source: FolderName, seen: OpenedFolder): Promise<void> {
  const head = pass.ledger.folder(source)?.head;
  if (head === undefined) return;
  const { exists, uidNext, highestModSeq } = seen;
  await pass.ledger.putHead({
    ...head,
    sourceUidNext: uidNext,
    sourceMessages: exists,
    sourceHighestModSeq: highestModSeq,
  });
}

/** Notes a folder's own trouble, and what was copied of it. `null` = there was trouble. */
export async function noteFolder<T>(
  pass: Pass,
  source: FolderName,
  work: () => Promise<T>,
): Promise<T | null> {
  const began = { at: pass.deps.clock.now(), copied: pass.copiedIn(source) };
  try {
    return await work();
  } catch (error) {
    const trouble = folderTroubleOf(error);
    if (trouble === null) throw error;
    pass.troubles.push(trouble);
    return null;
  } finally {
    const copied = pass.copiedIn(source) - began.copied;
    const seconds = (pass.deps.clock.now() - began.at) / 1000;
    if (copied > 0)
      pass.deps.log.info(
        { event: "copy.folder", ...pass.logFields, folder: printable(source), copied, seconds },
        `copied ${copied === 1 ? "1 message" : `${copied} messages`} of "${printable(source)}"`,
      );
  }
}
