import { fetchMetadata, type MessageMetadata } from "../upstream/imap/fetch-metadata.ts";
import { nextWindow, type UidWindow } from "./batches.ts";
import type { FolderPair } from "./folder-pair.ts";
import type { Pass } from "./pass.ts";

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
    const messages: MessageMetadata[] = await listWindow(pass, window);
    seen += messages.length;
    below = window.first;
    previous = { window, messages: messages.length };
    if (messages.length > 0) yield messages;
  }
}

async function listWindow(pass: Pass, window: UidWindow): Promise<MessageMetadata[]> {
  const messages: MessageMetadata[] = [];
  for await (const message of fetchMetadata(pass.source, `${window.first}:${window.last}`))
    messages.push(message);
  return messages.sort((a, b) => a.uid - b.uid);
}

/** For servers that do not say UIDNEXT. */
async function highestUid(pass: Pass): Promise<number> {
  let highest = 0;
  for await (const { uid } of fetchMetadata(pass.source, "*")) highest = Math.max(highest, uid);
  return highest;
}
