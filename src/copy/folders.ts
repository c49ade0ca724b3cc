import { printable } from "../kit/text.ts";
import { Failure } from "../model/failure.ts";
import {
  folderKey,
  type Hierarchy,
  hierarchyOf,
  inCopyOrder,
  isInbox,
  isSelectable,
  parentOf,
  parentsFirst,
  specialUseOf,
  targetNames,
  translateLeaf,
  translateName,
} from "../model/folder.ts";
import type { FolderName } from "../model/ledger.ts";
import { createFolder } from "../upstream/imap/create.ts";
import { type ListedFolder, listFolders } from "../upstream/imap/list.ts";
import { personalNamespace } from "../upstream/imap/namespace.ts";
import { CommandRefusedError } from "../upstream/imap/refusal.ts";
import { type FolderStatus, folderStatus } from "../upstream/imap/status.ts";
import { subscribeFolder } from "../upstream/imap/subscribe.ts";
import { FolderTroubleError, folderTroubleOf, type Pass } from "./pass.ts";

/** The folders of both servers, as listed at the beginning of a pass. */
export interface Folders {
  readonly source: readonly ListedFolder[];
  readonly target: readonly ListedFolder[];
  readonly sourceHierarchy: Hierarchy;
  readonly targetHierarchy: Hierarchy;
}

/** A source folder to be copied, and what the source says of it; `null` where it does not say. */
export interface FolderTask {
  readonly source: FolderName;
  readonly status: FolderStatus | null;
}

/** STATUS commands under way at once: each may make the server open a folder. */
const STATUS_AT_ONCE = 8;

/** Asks both servers which folders there are. */
export async function listBoth(pass: Pass): Promise<Folders> {
  const [source, target, ofSource, ofTarget] = await Promise.all([
    listFolders(pass.source),
    listFolders(pass.target),
    personalNamespace(pass.source),
    personalNamespace(pass.target),
  ]);
  return {
    source,
    target,
    sourceHierarchy: ofSource ?? hierarchyOf(source),
    targetHierarchy: ofTarget ?? hierarchyOf(target),
  };
}

/** The source's INBOX, ready to be copied; `null` where it lists none. */
export async function claimInbox(pass: Pass, folders: Folders): Promise<FolderName | null> {
  const inbox = folders.source.find((folder) => isInbox(folder.name) && isSelectable(folder));
  if (inbox === undefined) return null;
  if (pass.ledger.folder(inbox.name) === undefined) await putNewHead(pass, inbox.name, "INBOX");
  return inbox.name;
}

/**
 * Gives every source folder its place on the target: the one it has, a folder of the same special use, or one that is made for it. What it is called there is
 * decided once and kept in the ledger. A folder that its user has deleted there stays gone; what is new in it goes to INBOX.
 */
export async function settleFolders(pass: Pass, folders: Folders): Promise<void> {
  const existing = new Map(folders.target.map((folder) => [folderKey(folder.name), folder]));
  const settled = parentsFirst(folders.source.filter(isSelectable));
  const wanted = new Map(settled.map((folder) => [folder.name, wantedName(pass, folders, folder)]));
  for (const folder of settled) {
    pass.checkpoint();
    const record = pass.ledger.folder(folder.name);
    if (record !== undefined) {
      const place = existing.get(folderKey(record.head.target));
      const isThere = isInbox(record.head.target) || (place !== undefined && isSelectable(place));
      if (!isThere) await sendToInbox(pass, folder.name);
      continue;
    }
    try {
      const target = await placeFor(pass, folders, folder, existing, wanted);
      await putNewHead(pass, folder.name, target);
      if (folder.subscribed) await subscribe(pass, target);
    } catch (error) {
      const trouble = folderTroubleOf(error);
      if (trouble === null) throw error;
      pass.troubles.push(trouble);
    }
  }
}

/** What there is to copy, in the order of copying, with the totals for the display. */
export async function tasksOf(pass: Pass, folders: Folders): Promise<FolderTask[]> {
  const names = inCopyOrder(folders.source)
    .map((folder) => folder.name)
    .filter((name) => pass.ledger.folder(name) !== undefined);
  const tasks: FolderTask[] = [];
  for (let at = 0; at < names.length; at += STATUS_AT_ONCE) {
    const some = names.slice(at, at + STATUS_AT_ONCE);
    tasks.push(
      ...(await Promise.all(some.map(async (source) => ({ source, status: await statusOf(pass, source) })))),
    );
  }
  for (const { source, status } of tasks) {
    const total = { messages: status?.messages ?? 0, bytes: status?.size ?? null };
    pass.progress.setTotal(source, total, pass.ledger.folder(source));
  }
  pass.progress.totalsAreKnown();
  await pass.progress.showNow(pass.ledger.refusedCount());
  return tasks;
}

/** Whether the source says that nothing has happened in the folder since it was last copied whole (RFC 7162 §3.1.2). */
export function isUnchanged(pass: Pass, { source, status }: FolderTask): boolean {
  const head = pass.ledger.folder(source)?.head;
  if (!head || !status || pass.ledger.intentsOf(source).length > 0) return false;
  return (
    status.highestModSeq !== null &&
    status.highestModSeq === head.sourceHighestModSeq &&
    status.uidValidity === head.sourceUidValidity &&
    status.uidNext === head.sourceUidNext &&
    status.messages === head.sourceMessages
  );
}

/** Below its parent's new place where it has one, else by its own name. */
function wantedName(pass: Pass, folders: Folders, folder: ListedFolder): FolderName {
  const { sourceHierarchy, targetHierarchy } = folders;
  const parent = parentOf(folder.name, sourceHierarchy);
  const above = parent === null || isInbox(parent) ? undefined : pass.ledger.folder(parent)?.head.target;
  if (above === undefined || isInbox(above) || targetHierarchy.separator === null)
    return translateName(folder.name, sourceHierarchy, targetHierarchy);
  return `${above}${targetHierarchy.separator}${translateLeaf(folder.name, sourceHierarchy, targetHierarchy)}`;
}

async function placeFor(
  pass: Pass,
  folders: Folders,
  folder: ListedFolder,
  existing: Map<string, ListedFolder>,
  wantedNames: ReadonlyMap<FolderName, FolderName>,
): Promise<FolderName> {
  const taken = new Set(pass.ledger.folders().map(({ head }) => folderKey(head.target)));
  const use = specialUseOf(folder);
  const ofSameUse = use === null ? undefined : folders.target.find((one) => specialUseOf(one) === use);
  if (ofSameUse && isSelectable(ofSameUse) && !taken.has(folderKey(ofSameUse.name))) return ofSameUse.name;
  const others = [...wantedNames].filter(([source]) => source !== folder.name);
  const names = targetNames({
    source: folder.name,
    wanted: wantedName(pass, folders, folder),
    separator: folders.targetHierarchy.separator,
    taken,
    wantedByOthers: new Set(others.map(([, name]) => folderKey(name))),
    existing: new Set(existing.keys()),
  });
  const newUse =
    use !== null && ofSameUse === undefined && pass.target.has("CREATE-SPECIAL-USE") ? use : undefined;
  let refusal = "";
  for (const name of names) {
    const known = existing.get(folderKey(name));
    if (known && isSelectable(known)) return known.name;
    const outcome = await create(pass, name, newUse);
    // One that exists and was not listed is another folder in this server's eyes: it may take case for nothing.
    if (outcome === "created" || (outcome === "exists" && known)) {
      existing.set(folderKey(name), { ...folder, name, attributes: use === null ? [] : [use] });
      return name;
    }
    if (outcome !== "exists") refusal = outcome.text;
  }
  throw new FolderTroubleError(
    new Failure(
      "target-protocol",
      `the target does not take the folder "${printable(folder.name)}" of ${pass.account.address} under any name: ${printable(refusal)}`,
    ),
  );
}

async function create(
  pass: Pass,
  name: FolderName,
  use: string | undefined,
): Promise<"created" | "exists" | CommandRefusedError> {
  try {
    return await createFolder(pass.target, name, use);
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
    // RFC 6154 §3: the use may be what it refuses.
    return use === undefined ? error : await create(pass, name, undefined);
  }
}

/** Its messages keep their entries, so that none comes back; their UIDs would mean other messages in INBOX. */
async function sendToInbox(pass: Pass, source: FolderName): Promise<void> {
  const record = pass.ledger.folder(source);
  if (record === undefined) return;
  const entries = [...record.entries.values()].map((entry) => ({ ...entry, targetUid: null }));
  await pass.ledger.replaceEntries(source, entries);
  await pass.ledger.putHead({ ...record.head, target: "INBOX", targetUidValidity: null });
  pass.deps.log.info(
    { event: "copy.folder", ...pass.logFields, folder: printable(source) },
    "its user has deleted this folder on the target: it stays gone, and new messages of it go to INBOX",
  );
}

async function putNewHead(pass: Pass, source: FolderName, target: FolderName): Promise<void> {
  await pass.ledger.putHead({
    source,
    // No server has a UIDVALIDITY of 0 (RFC 9051 §9): not opened yet.
    sourceUidValidity: 0,
    sourceUidNext: null,
    sourceMessages: null,
    sourceHighestModSeq: null,
    target,
    targetUidValidity: null,
  });
}

/** Only when the folder is new to us: later the person may have unsubscribed on the target. */
async function subscribe(pass: Pass, target: FolderName): Promise<void> {
  try {
    await subscribeFolder(pass.target, target);
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
    pass.deps.log.warn(
      { event: "copy.folder", ...pass.logFields, folder: printable(target) },
      `the target does not subscribe the folder: ${printable(error.text)}`,
    );
  }
}

async function statusOf(pass: Pass, source: FolderName): Promise<FolderStatus | null> {
  try {
    return await folderStatus(pass.source, source);
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
    // Opening it will say the same, and is where it is dealt with.
    return null;
  }
}
