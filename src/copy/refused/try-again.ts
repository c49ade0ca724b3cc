import type { LedgerEntry } from "../../model/ledger.ts";
import type { MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import { isAtSource } from "../changes/entry-state.ts";
import type { FolderTask } from "../folders/folders.ts";
import { noteFolder } from "../lanes/copy-folder.ts";
import { FolderPair } from "../lanes/folder-pair.ts";
import type { Pass } from "../pass.ts";
import { listByUid } from "../recovery/reconcile.ts";
import { brokenConnection } from "../sending/breaking.ts";
import { FolderSender } from "../sending/send.ts";

/**
 * Tries refused messages again that somebody has asked for: when all else is copied, so that they hold nothing up. Each keeps its entry, and its place in quarantine, until another one
 * replaces it: forgotten, it could be taken for a message that has moved.
 * @param tasks the folders of the source that are copied
 * @throws {Failure} when the pass cannot go on
 */
export async function tryRefusedAgain(pass: Pass, tasks: readonly FolderTask[]): Promise<void> {
  for (const { source } of tasks) {
    const asked = () => pass.ledger.refusedIn(source).filter(isAskedFor);
    if (asked().length === 0) continue;
    pass.checkpoint();
    await noteFolder(pass, source, async () => {
      const folder = await FolderPair.open(pass, pass.main, source);
      const sender = new FolderSender(pass, folder);
      // As they are called now: the source may have numbered its messages anew.
      await sender.send(await listAsked(pass, folder, asked(), sender));
      await sender.finish();
    });
  }
}

function isAskedFor(entry: LedgerEntry): boolean {
  return entry.tryAgain === true && isAtSource(entry);
}

/** What the source still has of them. One of which even the listing breaks the connection is listed alone, and stays refused. */
async function listAsked(
  pass: Pass,
  folder: FolderPair,
  asked: readonly LedgerEntry[],
  sender: FolderSender,
): Promise<MessageMetadata[]> {
  const list = async (entries: readonly LedgerEntry[]) => {
    const uids = entries.map(({ sourceUid }) => sourceUid);
    try {
      return await listByUid(folder.lane.source, uids, { messageId: false });
    } catch (error) {
      brokenConnection(error);
      pass.checkpoint();
      await sender.startAgain();
      return null;
    }
  };
  const all = await list(asked);
  if (all !== null) return all;
  const listed: MessageMetadata[] = [];
  for (const entry of asked) {
    const one = await list([entry]);
    listed.push(...(one ?? []));
    if (one !== null) continue;
    const { tryAgain: _, ...refused } = entry;
    await pass.ledger.record(folder.source, [refused], null);
  }
  return listed;
}
