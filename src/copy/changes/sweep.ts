import type { LedgerEntry } from "../../model/ledger.ts";
import { fetchChanges } from "../../upstream/imap/commands/changes.ts";
import { enable } from "../../upstream/imap/commands/enable.ts";
import { fetchFlags } from "../../upstream/imap/commands/fetch-flags.ts";
import { fetchMetadata, type MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import { listUids } from "../../upstream/imap/commands/list-uids.ts";
import { uidSetsOf } from "../../upstream/imap/uid-set.ts";
import { UID_SET_OCTETS } from "../../upstream/limits.ts";
import type { FolderPair } from "../lanes/folder-pair.ts";
import { WINDOW_UIDS } from "../limits.ts";
import type { Pass } from "../pass.ts";
import type { FlagChange } from "./diff.ts";
import { SweepNotes, sweepWindows } from "./sweep-notes.ts";

/** What has changed in a source folder since the ledger last saw it. What is dealt with is taken out. */
export interface FolderChanges {
  readonly folder: FolderPair;
  /** Not in the ledger, by ascending UID. */
  fresh: MessageMetadata[];
  flagChanges: FlagChange[];
  /** In the ledger as still there, and gone from the folder now: deleted, or moved. */
  vanished: LedgerEntry[];
}

/**
 * Makes the quick sweeps possible on the main lane. To be called before a folder is open there (RFC 5161 §3.1); a connection that is made anew later does
 * without.
 */
export async function prepareSweeps(pass: Pass): Promise<void> {
  await enable(pass.source, ["QRESYNC", "CONDSTORE"]);
}

/**
 * Looks what has changed in an open folder; nothing is changed anywhere yet. One round trip with QRESYNC and two with CONDSTORE
 * (RFC 7162), else all flags are listed. Date and size are asked of new messages only.
 */
export async function sweepFolder(pass: Pass, folder: FolderPair): Promise<FolderChanges> {
  const { uidNext } = folder.opened.source;
  const notes = (await sweepQuickly(pass, folder)) ?? (await sweepWhole(pass, folder));
  const { freshUids, flagChanges, vanished } = notes.findings(uidNext);
  return { folder, fresh: await listFresh(pass, folder, freshUids), flagChanges, vanished };
}

/** `null` where the source cannot say what changed, or what it says does not account for all that the folder holds. */
async function sweepQuickly(pass: Pass, folder: FolderPair): Promise<SweepNotes | null> {
  const { exists, uidNext, highestModSeq } = folder.opened.source;
  const head = pass.ledger.folder(folder.source)?.head;
  const wasWhole = head !== undefined && head.sourceUidNext !== null;
  const since = wasWhole ? head.sourceHighestModSeq : null;
  // RFC 7162 §3.1.2.2: NOMODSEQ. One that has gone down belongs to an index that was made anew.
  if (since === null || highestModSeq === null || BigInt(highestModSeq) < BigInt(since)) return null;
  const notes = new SweepNotes(folder.entries);
  for await (const change of fetchChanges(folder.lane.source, { sinceModSeq: since })) {
    if (change.kind === "flags") notes.see(change);
    else notes.vanish(change.from, change.to);
  }
  if (notes.accountsFor(exists, uidNext)) return notes;
  if (folder.lane.source.enabled.has("QRESYNC")) return null;
  for (const { from, to } of await listUids(folder.lane.source, "1:*"))
    for (let uid = from; uid <= to; uid += 1) notes.seeUid(uid);
  notes.vanishUnseen();
  return notes.accountsFor(exists, uidNext) ? notes : null;
}

/** Every message's flags, in windows of bounded size. */
async function sweepWhole(pass: Pass, folder: FolderPair): Promise<SweepNotes> {
  const notes = new SweepNotes(folder.entries);
  const windows = folder.opened.source.exists === 0 ? [] : sweepWindows(folder.entries.keys(), WINDOW_UIDS);
  for (const { first, last } of windows) {
    pass.checkpoint();
    for await (const message of fetchFlags(folder.lane.source, `${first}:${last ?? "*"}`)) notes.see(message);
  }
  notes.vanishUnseen();
  return notes;
}

async function listFresh(
  pass: Pass,
  folder: FolderPair,
  uids: readonly number[],
): Promise<MessageMetadata[]> {
  const listed = new Map<number, MessageMetadata>();
  for (const set of uidSetsOf(uids, UID_SET_OCTETS)) {
    pass.checkpoint();
    for await (const message of fetchMetadata(folder.lane.source, set)) listed.set(message.uid, message);
  }
  return uids.flatMap((uid) => listed.get(uid) ?? []);
}
