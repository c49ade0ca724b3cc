import type { LedgerEntry, LedgerIntent } from "../../model/ledger.ts";
import { fetchBodies } from "../../upstream/imap/commands/fetch-bodies.ts";
import { fetchMetadata, type MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import type { ImapConnection } from "../../upstream/imap/connection/connection.ts";
import { ContentDigest } from "../../upstream/imap/reading/content-digest.ts";
import { uidSetOf } from "../../upstream/imap/uid-set.ts";
import { entryBefore, movedEntry, recordOfMoves } from "../changes/move-record.ts";
import { instantOf } from "../internal-date.ts";
import type { FolderPair } from "../lanes/folder-pair.ts";
import type { Lane } from "../lanes/lane.ts";
import { UIDS_A_COMMAND } from "../limits.ts";
import type { Pass } from "../pass.ts";
import { arrivedEntry } from "../record.ts";
import { isLadderIntent, recogniseRemedied } from "../refused/recognise-remedied.ts";
import { matchArrivals, matchByContent, type Pairing, type Recognisable } from "./match.ts";

/** Finds out what arrived of waves that were begun and never recorded whole, records it, and clears them. */
export async function reconcileIntents(
  pass: Pass,
  folder: FolderPair,
  intents: readonly LedgerIntent[],
): Promise<void> {
  for (const intent of intents) {
    pass.counts.reconciled += 1;
    const fromUid = firstUidOf(intent, folder);
    const wanted = fromUid === null ? [] : await listWanted(folder, intent);
    const arrived =
      wanted.length > 0
        ? await findArrivals(pass, folder, wanted, fromUid ?? 1)
        : new Map<number, MessageMetadata>();
    const entries = wanted.flatMap((message) => {
      const twin = arrived.get(message.uid);
      if (twin === undefined) return [];
      const before = entryBefore(pass.ledger, intent, message.uid);
      return [before ? movedEntry(before, message.uid, twin.uid) : arrivedEntry(message, twin)];
    });
    if (isLadderIntent(intent) && fromUid !== null)
      entries.push(...(await findRemedied(pass, folder, intent, wanted, arrived, fromUid)));
    const findings = {
      listed: new Set(wanted.map(({ uid }) => uid)),
      arrived: new Set(entries.map(({ sourceUid }) => sourceUid)),
    };
    const moves = recordOfMoves(pass.ledger, intent, findings, pass.lease.token);
    await pass.ledger.recordAll([{ source: folder.source, entries }, ...moves], intent.id);
    for (const { size } of entries) pass.progress.addCopied(folder.source, 1, size);
  }
}

/**
 * Which of the wanted source messages the target has, from `fromUid` on and not yet in the ledger.
 * @returns source UID → what the target shows of it
 */
export async function findArrivals(
  pass: Pass,
  folder: FolderPair,
  wanted: readonly MessageMetadata[],
  fromUid: number,
): Promise<Map<number, MessageMetadata>> {
  const found = await listUnexplained(pass, folder, fromUid);
  const arrived = new Map<number, MessageMetadata>();
  // A message may be what broke the connection: those are read first that look as if they had arrived, the others only where something stays unexplained.
  const looks = new Set([...found.values()].map(dateAndSize));
  for (const some of [wanted.filter((message) => looks.has(dateAndSize(message))), wanted]) {
    const open = some.filter(({ uid }) => !arrived.has(uid));
    if (open.length === 0 || found.size === 0) continue;
    for (const { source, target } of await pairUp(folder.lane, open, [...found.values()])) {
      const twin = found.get(target);
      if (twin) arrived.set(source, twin);
      found.delete(target);
    }
  }
  return arrived;
}

/** Messages of the target folder from `fromUid` on that no row of the ledger explains, by UID. */
export async function listUnexplained(
  pass: Pass,
  folder: FolderPair,
  fromUid: number,
): Promise<Map<number, MessageMetadata>> {
  const known = pass.ledger.targetUidsIn(folder.target);
  const found = new Map<number, MessageMetadata>();
  for await (const message of fetchMetadata(folder.lane.target, `${fromUid}:*`, { messageId: true })) {
    // `n:*` also gives the last message where it lies below n (RFC 9051 §6.4.9).
    if (message.uid >= fromUid && !known.has(message.uid)) found.set(message.uid, message);
  }
  return found;
}

/** Messages that had been offered in another form when the pass ended, and arrived in it. */
async function findRemedied(
  pass: Pass,
  folder: FolderPair,
  intent: LedgerIntent,
  wanted: readonly MessageMetadata[],
  arrived: ReadonlyMap<number, MessageMetadata>,
  fromUid: number,
): Promise<LedgerEntry[]> {
  const left = wanted.filter(({ uid }) => !arrived.has(uid)).map(({ uid }) => uid);
  const explained = new Set([...arrived.values()].map(({ uid }) => uid));
  const found = [...(await listUnexplained(pass, folder, fromUid)).values()].filter(
    ({ uid }) => !explained.has(uid),
  );
  if (left.length === 0 || found.length === 0) return [];
  const { source, target } = folder.lane;
  const open = await listByUid(source, left, { messageId: true });
  const place = {
    source,
    target,
    account: pass.account.address,
    sourceFolder: folder.source,
    sourceUidValidity: intent.sourceUidValidity,
  };
  const remedied = await recogniseRemedied(place, open, found);
  return open.flatMap((message) => {
    const arrival = remedied.get(message.uid);
    return arrival ? [{ ...arrivedEntry(message, arrival.arrived), remedy: arrival.remedy }] : [];
  });
}

async function pairUp(
  lane: Lane,
  wanted: readonly MessageMetadata[],
  found: readonly MessageMetadata[],
): Promise<Pairing[]> {
  const uids = wanted.map(({ uid }) => uid);
  const named = await listByUid(lane.source, uids, { messageId: true });
  const { pairs, unclear } = matchArrivals(named.map(recognisable), found.map(recognisable));
  if (unclear.targets.length === 0) return [...pairs];
  const sources = await hashContents(lane.source, unclear.sources);
  const targets = await hashContents(lane.target, unclear.targets);
  return [...pairs, ...matchByContent(sources, targets)];
}

function dateAndSize(message: MessageMetadata): string {
  return `${instantOf(message.internalDate)} ${message.size}`;
}

/** What the open folder says of messages in a range of UIDs, each once, ascending. */
export async function listRange(
  connection: ImapConnection,
  { first, last }: { readonly first: number; readonly last: number | "*" },
): Promise<MessageMetadata[]> {
  const listed: MessageMetadata[] = [];
  for await (const message of fetchMetadata(connection, `${first}:${last}`)) listed.push(message);
  const isAscending = listed.every(
    ({ uid }, at) => at === 0 || uid > (listed[at - 1] as MessageMetadata).uid,
  );
  if (isAscending) return listed;
  const byUid = new Map(listed.map((message) => [message.uid, message]));
  return [...byUid.values()].sort((a, b) => a.uid - b.uid);
}

/** What the open source folder says of these messages; those that are gone are missing. */
export async function listByUid(
  connection: ImapConnection,
  uids: readonly number[],
  options: { readonly messageId: boolean },
): Promise<MessageMetadata[]> {
  const listed = new Map<number, MessageMetadata>();
  const ascending = [...uids].sort((a, b) => a - b);
  for (let at = 0; at < ascending.length; at += UIDS_A_COMMAND) {
    const set = uidSetOf(ascending.slice(at, at + UIDS_A_COMMAND));
    for await (const message of fetchMetadata(connection, set, options)) listed.set(message.uid, message);
  }
  return ascending.flatMap((uid) => listed.get(uid) ?? []);
}

/** A message as the matching sees it. */
function recognisable(message: MessageMetadata): Recognisable {
  return {
    uid: message.uid,
    instant: instantOf(message.internalDate),
    size: message.size,
    messageId: message.messageId,
  };
}

/** Where to look; `null` when nothing of the batch can be in the folder that is open now. */
function firstUidOf(intent: LedgerIntent, folder: FolderPair): number | null {
  // It may have another name by now.
  if (intent.targetUidValidity === folder.opened.target.uidValidity) return intent.targetUidNext;
  // A folder that was made anew since may hold the end of the batch, under any UID.
  return intent.target === folder.target ? 1 : null;
}

/** The messages of a batch. After a change of UIDVALIDITY its UIDs mean others: then all that the ledger does not know. */
async function listWanted(folder: FolderPair, intent: LedgerIntent): Promise<MessageMetadata[]> {
  if (intent.sourceUidValidity === folder.opened.source.uidValidity) {
    const open = intent.sourceUids.filter((uid) => !folder.knows(uid));
    return await listByUid(folder.lane.source, open, { messageId: false });
  }
  const fresh: MessageMetadata[] = [];
  if (folder.opened.source.exists === 0) return fresh;
  for await (const message of fetchMetadata(folder.lane.source, "1:*"))
    if (!folder.knows(message.uid)) fresh.push(message);
  return fresh;
}

/** The contents of messages as hashes, with the differences taken out that a server forces on what it stores. */
export async function hashContents(
  connection: ImapConnection,
  uids: readonly number[],
): Promise<Map<number, string>> {
  const hashes = new Map<number, string>();
  for (let at = 0; at < uids.length; at += UIDS_A_COMMAND) {
    await fetchBodies(connection, uids.slice(at, at + UIDS_A_COMMAND), async ({ uid, body }) => {
      const digest = new ContentDigest();
      for await (const piece of body) digest.update(piece);
      hashes.set(uid, digest.finish(uid).mended);
    });
  }
  return hashes;
}
