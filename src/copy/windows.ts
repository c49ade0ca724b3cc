import { fetchMetadata, type MessageMetadata } from "../upstream/imap/fetch-metadata.ts";
import { searchUids } from "../upstream/imap/search.ts";
import { halve, nextWindow, type UidWindow } from "./batches.ts";
import { BreakingMessages, brokenConnection } from "./breaking.ts";
import type { FolderPair } from "./folder-pair.ts";
import type { Pass } from "./pass.ts";
import { listByUid } from "./reconcile.ts";
import { refusedEntry } from "./record.ts";

/** In the ledger it also tells the next pass not to ask for this message again. */
const BREAKS_LISTING = "the old server breaks off while saying its date and size";

/**
 * Lists the source folder in windows, the newest first, each by ascending UID. What arrives at the source meanwhile has a higher UID than the first
 * window and is left to the next pass.
 */
export async function* windowsNewestFirst(pass: Pass, folder: FolderPair): AsyncGenerator<MessageMetadata[]> {
  const { exists } = folder.opened.source;
  if (exists === 0) return;
  let below = folder.opened.source.uidNext ?? (await highestUid(pass)) + 1;
  let previous: { window: UidWindow; messages: number } | null = null;
  let seen = 0;
  // Below the messages that were there when the folder was opened there is nothing: 2^32 UIDs need not be walked through.
  while (seen < exists) {
    const window = nextWindow(below, previous);
    if (window === null) return;
    const messages: MessageMetadata[] = await listWindow(pass, folder, window);
    seen += messages.length;
    below = window.first;
    previous = { window, messages: messages.length };
    if (messages.length > 0) yield messages;
  }
}

async function listWindow(pass: Pass, folder: FolderPair, window: UidWindow): Promise<MessageMetadata[]> {
  const range = `${window.first}:${window.last}`;
  const isKnownToBreak = (uid: number) => folder.entries.get(uid)?.refusal === BREAKS_LISTING;
  const holes = [...folder.entries.keys()].filter(
    (uid) => uid >= window.first && uid <= window.last && isKnownToBreak(uid),
  );
  const messages: MessageMetadata[] = [];
  if (holes.length === 0) {
    try {
      for await (const message of fetchMetadata(pass.source, range)) messages.push(message);
      return messages.sort((a, b) => a.uid - b.uid);
    } catch (error) {
      brokenConnection(error);
      await startAgain(pass, folder);
    }
  }
  const uids = await searchUids(pass.source, `UID ${range}`);
  const wanted = uids.filter((uid) => uid >= window.first && uid <= window.last && !isKnownToBreak(uid));
  return await listInParts(pass, folder, wanted);
}

/** What breaks the connection is listed in halves; a message that breaks it alone is recorded as refused, and does not stop the others. */
async function listInParts(
  pass: Pass,
  folder: FolderPair,
  uids: readonly number[],
): Promise<MessageMetadata[]> {
  const messages: MessageMetadata[] = [];
  const breaking = new BreakingMessages();
  const todo: (readonly number[])[] = uids.length === 0 ? [] : [uids];
  for (let part = todo.shift(); part; part = todo.shift()) {
    try {
      messages.push(...(await listByUid(pass.source, part, { messageId: false })));
      breaking.noteProgress();
    } catch (error) {
      const failure = brokenConnection(error);
      await startAgain(pass, folder);
      const [only] = part;
      if (part.length !== 1 || only === undefined) todo.unshift(...halve(part));
      else if (!breaking.isCause(only, failure)) todo.unshift(part);
      else await pass.ledger.record(folder.source, [unlisted(only)], null);
    }
  }
  return messages.sort((a, b) => a.uid - b.uid);
}

async function startAgain(pass: Pass, folder: FolderPair): Promise<void> {
  pass.checkpoint();
  await pass.reconnect();
  await folder.reopen();
}

/** Nothing is known of it but that it is there. */
function unlisted(uid: number) {
  return refusedEntry({ uid, flags: [], internalDate: "", size: 0, messageId: null }, BREAKS_LISTING);
}

/** For servers that do not say UIDNEXT. */
async function highestUid(pass: Pass): Promise<number> {
  let highest = 0;
  for await (const { uid } of fetchMetadata(pass.source, "*")) highest = Math.max(highest, uid);
  return highest;
}
