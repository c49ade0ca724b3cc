import type { LedgerEntry } from "../../model/ledger.ts";
import type { MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import { isAtSource } from "../changes/entry-state.ts";
import type { FolderTask } from "../folders/folders.ts";
import { noteFolder } from "../lanes/copy-folder.ts";
import { FolderPair } from "../lanes/folder-pair.ts";
import { BREAKS_TRYING_AGAIN } from "../limits.ts";
import type { Pass } from "../pass.ts";
import { arrivedEntry } from "../record.ts";
import { findArrivalsAnywhere, listByUid } from "../recovery/reconcile.ts";
import { brokenConnection } from "../sending/breaking.ts";
import { FolderSender } from "../sending/send.ts";
import { tryLater } from "./try-again-later.ts";

/**
 * Tries refused messages again that somebody has asked for, or that have broken their connections a while ago: when all else is copied, so that they hold nothing up. Each keeps its entry,
 * and its place in quarantine, until another one replaces it.
 * @param tasks the folders of the source that are copied
 * @throws {Failure} when the pass cannot go on
 */
export async function tryRefusedAgain(pass: Pass, tasks: readonly FolderTask[]): Promise<void> {
  const now = pass.deps.clock.now() / 1_000;
  const budget = { breaks: BREAKS_TRYING_AGAIN };
  for (const { source } of tasks) {
    const dueNow = () => pass.ledger.refusedIn(source).filter((entry) => isDue(entry, now));
    if (dueNow().length === 0) continue;
    pass.checkpoint();
    await noteFolder(pass, source, async () => {
      const folder = await FolderPair.open(pass, pass.main, source);
      // As they are called now: the source may have numbered its messages anew.
      await tryFolder(pass, folder, dueNow(), budget);
    });
  }
}

function isDue(entry: LedgerEntry, now: number): boolean {
  return isAtSource(entry) && entry.tryAgain !== undefined && entry.tryAgain.from <= now;
}

/** How many connections may still be broken in this pass. */
interface Budget {
  breaks: number;
}

async function tryFolder(
  pass: Pass,
  folder: FolderPair,
  due: readonly LedgerEntry[],
  budget: Budget,
): Promise<void> {
  const sender = new FolderSender(pass, folder);
  const listed = await listDue(pass, folder, due, sender, budget);
  const isBroken = ({ uid }: MessageMetadata) => (folder.entries.get(uid)?.tryAgain?.passes ?? 0) > 0;
  const [broken, others] = [listed.filter(isBroken), listed.filter((message) => !isBroken(message))];
  await sender.send(others);
  await sender.finish();
  await recordArrived(pass, folder, broken);
  for (const message of broken) {
    if (folder.knows(message.uid)) continue;
    if (budget.breaks === 0) return;
    await sender.sendAlone(message);
    await sender.finish();
    if (folder.entries.get(message.uid)?.refusal !== null) budget.breaks -= 1;
  }
}

/** What the source still has of them. One of which even the listing breaks the connection is listed alone. */
async function listDue(
  pass: Pass,
  folder: FolderPair,
  due: readonly LedgerEntry[],
  sender: FolderSender,
  budget: Budget,
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
  const all = await list(due);
  if (all !== null) return all;
  const listed: MessageMetadata[] = [];
  for (const entry of due) {
    if (budget.breaks === 0) break;
    const one = await list([entry]);
    listed.push(...(one ?? []));
    if (one !== null) continue;
    budget.breaks -= 1;
    const { tryAgain, ...rest } = entry;
    await pass.ledger.record(
      folder.source,
      [{ ...rest, ...tryLater(tryAgain, pass.deps.clock.now()) }],
      null,
    );
  }
  return listed;
}

/** What a server that seemed gone had taken, and stored long after: anywhere in the folder, since it may have been any of the tries. */
async function recordArrived(
  pass: Pass,
  folder: FolderPair,
  wanted: readonly MessageMetadata[],
): Promise<void> {
  if (wanted.length === 0) return;
  await folder.beOpen();
  const arrived = await findArrivalsAnywhere(pass, folder, wanted);
  const entries = wanted.flatMap((message) => {
    const twin = arrived.get(message.uid);
    return twin === undefined ? [] : [arrivedEntry(message, twin)];
  });
  await pass.ledger.record(folder.source, entries, null);
}
