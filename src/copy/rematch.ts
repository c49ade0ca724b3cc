import type { LedgerEntry } from "../model/ledger.ts";
import { fetchMetadata, type MessageMetadata } from "../upstream/imap/fetch-metadata.ts";
import type { FolderPair } from "./folder-pair.ts";
import { instantOf } from "./internal-date.ts";
import type { Pass } from "./pass.ts";
import { listByUid } from "./reconcile.ts";

/** A group of messages that INTERNALDATE and size cannot tell apart, on either side of a change of UIDVALIDITY. */
export interface Twins {
  readonly entries: readonly LedgerEntry[];
  readonly listed: readonly MessageMetadata[];
}

/**
 * The source has given its messages new UIDs (UIDVALIDITY changed): finds the ledger's messages again in the new listing, so that none is
 * copied twice. The Message-ID, read from the target, decides where several have the same date and size.
 */
export async function recogniseAgain(pass: Pass, folder: FolderPair): Promise<void> {
  const listed: MessageMetadata[] = [];
  if (folder.opened.source.exists > 0)
    for await (const message of fetchMetadata(pass.source, "1:*")) listed.push(message);
  const groups = groupTwins([...folder.entries.values()], listed);
  const undecided = groups.filter((group) => group.listed.length > 1 || group.entries.length > 1);
  const targetUids = undecided.flatMap((group) => group.entries.flatMap((entry) => entry.targetUid ?? []));
  const ofTarget = await listByUid(pass.target, targetUids, { messageId: true });
  const ofSource = await listByUid(
    pass.source,
    undecided.flatMap((group) => group.listed.map((message) => message.uid)),
    { messageId: true },
  );
  const ids = {
    source: new Map(ofSource.map((message) => [message.uid, message.messageId])),
    target: new Map(ofTarget.map((message) => [message.uid, message.messageId])),
  };
  await pass.ledger.replaceEntries(
    folder.source,
    groups.flatMap((group) => renumber(group, ids)),
  );
}

/** Groups by INTERNALDATE and size; only groups that both sides have. */
export function groupTwins(entries: readonly LedgerEntry[], listed: readonly MessageMetadata[]): Twins[] {
  const byKey = Map.groupBy(listed, (message) => `${instantOf(message.internalDate)} ${message.size}`);
  const groups = Map.groupBy(entries, (entry) => `${entry.internalDate} ${entry.size}`);
  return [...groups].flatMap(([key, known]) => {
    const found = byKey.get(key);
    return found ? [{ entries: known, listed: found }] : [];
  });
}

/**
 * The group's entries under their new source UIDs: by Message-ID first, the rest in order. Servers that number anew keep the order, and what
 * was added since is at the end.
 */
export function renumber(
  group: Twins,
  ids: {
    readonly source: ReadonlyMap<number, string | null>;
    readonly target: ReadonlyMap<number, string | null>;
  },
): LedgerEntry[] {
  const entries = [...group.entries].sort((a, b) => a.sourceUid - b.sourceUid);
  const open = [...group.listed].sort((a, b) => a.uid - b.uid);
  const renumbered: LedgerEntry[] = [];
  const left: LedgerEntry[] = [];
  for (const entry of entries) {
    const id = entry.targetUid === null ? null : (ids.target.get(entry.targetUid) ?? null);
    const at = id === null ? -1 : open.findIndex((message) => ids.source.get(message.uid) === id);
    const message = at < 0 ? undefined : open.splice(at, 1)[0];
    if (message) renumbered.push({ ...entry, sourceUid: message.uid });
    else left.push(entry);
  }
  for (const entry of left) {
    const message = open.shift();
    if (message) renumbered.push({ ...entry, sourceUid: message.uid });
  }
  return renumbered;
}
