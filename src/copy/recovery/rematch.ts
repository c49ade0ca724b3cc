import type { LedgerEntry } from "../../model/ledger.ts";
import { fetchMetadata, type MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import { isAtSource, isSpent } from "../changes/entry-state.ts";
import { instantOf } from "../internal-date.ts";
import type { FolderPair } from "../lanes/folder-pair.ts";
import type { Pass } from "../pass.ts";
import { listByUid } from "./reconcile.ts";
import { setMessagesAside } from "./setting-aside.ts";

/** A group of messages that INTERNALDATE and size cannot tell apart, on either side of a change of UIDVALIDITY. */
export interface Twins {
  readonly entries: readonly LedgerEntry[];
  readonly listed: readonly MessageMetadata[];
}

/** Message-IDs by UID, of either side. */
export interface MessageIds {
  readonly source: ReadonlyMap<number, string | null>;
  readonly target: ReadonlyMap<number, string | null>;
}

/**
 * The source has given its messages new UIDs (UIDVALIDITY changed): finds the ledger's messages again in the new listing, so that none is
 * copied twice. Message-IDs, read from the target for what is still there, keep those apart that share date and size.
 */
export async function recogniseAgain(pass: Pass, folder: FolderPair): Promise<void> {
  const listed: MessageMetadata[] = [];
  if (folder.opened.source.exists > 0)
    for await (const message of fetchMetadata(folder.lane.source, "1:*", { messageId: true }))
      listed.push(message);
  const groups = groupTwins([...folder.entries.values()], listed);
  const targetUids = groups.flatMap((group) => group.entries.flatMap((entry) => entry.targetUid ?? []));
  const ofTarget = await listByUid(folder.lane.target, targetUids, { messageId: true });
  const ids = {
    source: new Map(listed.map((message) => [message.uid, message.messageId])),
    target: new Map(ofTarget.map((message) => [message.uid, message.messageId])),
  };
  const known = groups.flatMap((group) => renumber(group, ids));
  // First, so that an interruption forgets none.
  await setMessagesAside(pass, folder.source, notAmong(folder.entries.values(), known));
  await pass.ledger.replaceEntries(folder.source, known);
}

/** Entries that were once copied and have no message in the folder any more. */
function notAmong(entries: Iterable<LedgerEntry>, known: readonly LedgerEntry[]): LedgerEntry[] {
  const keyOf = ({ targetUid, internalDate, size }: LedgerEntry) => `${targetUid} ${internalDate} ${size}`;
  const left = Map.groupBy(known, keyOf);
  return [...entries].filter((entry) => {
    if (isSpent(entry) || entry.refusal !== null) return false;
    return left.get(keyOf(entry))?.pop() === undefined;
  });
}

/** Groups by INTERNALDATE and size; only groups that both sides have. */
export function groupTwins(entries: readonly LedgerEntry[], listed: readonly MessageMetadata[]): Twins[] {
  const byKey = Map.groupBy(listed, (message) => `${instantOf(message.internalDate)} ${message.size}`);
  const open = entries.filter((entry) => !isSpent(entry));
  const groups = Map.groupBy(open, (entry) => `${entry.internalDate} ${entry.size}`);
  return [...groups].flatMap(([key, known]) => {
    const found = byKey.get(key);
    return found ? [{ entries: known, listed: found }] : [];
  });
}

/**
 * The group's entries under their new source UIDs: by Message-ID where the target still has the message, the rest in order, since servers that
 * number anew keep the order and what was added since is at the end. An entry whose Message-ID nobody has was deleted at the source. What was gone before
 * comes last: it is there again only where something is left that looks like it.
 */
export function renumber(group: Twins, ids: MessageIds): LedgerEntry[] {
  const entries = [...group.entries].sort(
    (a, b) => Number(!isAtSource(a)) - Number(!isAtSource(b)) || a.sourceUid - b.sourceUid,
  );
  const open = [...group.listed].sort((a, b) => a.uid - b.uid);
  const renumbered: LedgerEntry[] = [];
  const nameless: LedgerEntry[] = [];
  for (const entry of entries) {
    // A covering message has a Message-ID of its own.
    const isNamed = entry.targetUid !== null && entry.remedy !== "wrapped";
    const id = isNamed ? ids.target.get(entry.targetUid) : undefined;
    if (id === undefined || id === null) {
      nameless.push(entry);
      continue;
    }
    const at = open.findIndex((message) => ids.source.get(message.uid) === id);
    const message = at < 0 ? undefined : open.splice(at, 1)[0];
    if (message) renumbered.push(renumberedEntry(entry, message.uid));
  }
  for (const entry of nameless) {
    const message = open.shift();
    if (message) renumbered.push(renumberedEntry(entry, message.uid));
  }
  return renumbered;
}

function renumberedEntry(entry: LedgerEntry, sourceUid: number): LedgerEntry {
  const { goneSince: _, ...present } = entry;
  return { ...present, sourceUid };
}
