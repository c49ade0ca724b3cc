import { printable } from "../../kit/text.ts";
import {
  compareNames,
  folderKey,
  type Hierarchy,
  hierarchyOf,
  isInbox,
  isSelectable,
} from "../../model/folder.ts";
import { isExcluded } from "../../model/folder-map.ts";
import { levelsOf } from "../../model/folder-names.ts";
import { FolderPlan } from "../../model/folder-plan.ts";
import type { FolderName } from "../../model/ledger.ts";
import { isSetAside } from "../../model/set-aside.ts";
import { isGmailView, type SpecialUse, type SpecialUses, specialUses } from "../../model/special-use.ts";
import { type ListedFolder, listFolders } from "../../upstream/imap/commands/list.ts";
import { personalNamespace } from "../../upstream/imap/commands/namespace.ts";
import { type FolderStatus, folderStatus } from "../../upstream/imap/commands/status.ts";
import { CommandRefusedError } from "../../upstream/imap/refusal.ts";
import type { Pass } from "../pass.ts";
import { inFlight } from "../sending/in-flight.ts";
import { placeFolders, putNewHead } from "./placing.ts";
import { reallyThere } from "./really-there.ts";

/** The folders of both servers, as listed at the beginning of a pass. */
export interface Folders {
  readonly source: readonly ListedFolder[];
  readonly target: readonly ListedFolder[];
  readonly sourceHierarchy: Hierarchy;
  readonly targetHierarchy: Hierarchy;
  /** Which folder has which special use: what the server says, else what the word list makes of its name. */
  readonly sourceUses: SpecialUses;
  readonly targetUses: SpecialUses;
  /** Source folders that are not copied: the domain says so, or they only show messages of other folders. What the ledger has of them stays. */
  readonly excluded: ReadonlySet<FolderName>;
}

/** A source folder to be copied, and what the source says of it; `null` where it does not say. */
export interface FolderTask {
  readonly source: FolderName;
  readonly status: FolderStatus | null;
}

/** What people look at first comes first, and what they threw away last. */
const ORDER_BY_USE: Readonly<Record<SpecialUse, number>> = {
  "\\sent": 1,
  "\\drafts": 2,
  "\\archive": 5,
  "\\junk": 8,
  "\\trash": 9,
};
const ORDER_OF_INBOX = 0;
const ORDER_OF_OTHERS = 5;
/** Gmail's \All, which shows everything again: after what is not a repetition. */
const ORDER_OF_ALL = 10;

/** Asks both servers which folders there are, in one round trip where they say NAMESPACE and LIST-STATUS. */
export async function listBoth(pass: Pass): Promise<Folders> {
  const [source, target, ofSource, ofTarget] = await Promise.all([
    listFolders(pass.source, { status: true }).then((listed) => reallyThere(pass.source, listed)),
    listFolders(pass.target).then((listed) => reallyThere(pass.target, listed)),
    personalNamespace(pass.source),
    personalNamespace(pass.target),
  ]);
  const sourceHierarchy = ofSource ?? hierarchyOf(source);
  const targetHierarchy = ofTarget ?? hierarchyOf(target);
  const isGmail = pass.source.has("X-GM-EXT-1");
  const isCopied = (folder: ListedFolder) =>
    !(isGmail && isGmailView(folder)) &&
    !isExcluded(levelsOf(folder.name, sourceHierarchy), pass.domain.exclude);
  const copied = source.filter(isCopied);
  return {
    source,
    target,
    sourceHierarchy,
    targetHierarchy,
    sourceUses: specialUses(copied, sourceHierarchy, isGmail),
    targetUses: specialUses(target, targetHierarchy),
    excluded: new Set(source.filter((folder) => !isCopied(folder)).map(({ name }) => name)),
  };
}

/** The source's INBOX, ready to be copied; `null` where it lists none. */
export async function claimInbox(pass: Pass, folders: Folders): Promise<FolderTask | null> {
  const inbox = folders.source.find((folder) => isInbox(folder.name) && isSelectable(folder));
  if (inbox === undefined) return null;
  if (pass.ledger.folder(inbox.name) === undefined) await putNewHead(pass, inbox.name, "INBOX");
  return { source: inbox.name, status: inbox.status ?? null };
}

/**
 * Gives every source folder its place on the target: the one it has, the one that a rule of the domain names, a folder of the same special use, or one that is
 * made for it. What it is called there is decided once and kept in the ledger. A folder that its user has deleted there stays gone; what is new in it goes to INBOX.
 */
export async function settleFolders(pass: Pass, folders: Folders): Promise<void> {
  const there = new Set(folders.target.filter(isSelectable).map(({ name }) => folderKey(name)));
  for (const { name } of folders.source) {
    const target = folders.excluded.has(name) ? undefined : pass.ledger.folder(name)?.head.target;
    if (target === undefined || isInbox(target) || there.has(folderKey(target))) continue;
    pass.checkpoint();
    await sendToInbox(pass, name);
  }
  const settled = pass.ledger
    .folders()
    .map(({ head }) => ({ source: head.source, target: head.target }))
    // Whoever has their names now may have their places too.
    .filter(({ source }) => !isSetAside(source));
  const planOf = (given: readonly { source: FolderName; target: FolderName }[]) =>
    new FolderPlan({ ...folders, rules: pass.domain.folderMap, settled: [...settled, ...given] });
  if (pass.isFirst) sayWhatIsExcluded(pass, folders);
  const subscribed = new Set(folders.source.filter((one) => one.subscribed).map(({ name }) => name));
  await placeFolders(pass, planOf, (source) => subscribed.has(source));
}

/** The source's folders with their STATUS, where it has not said it along with their list. */
export async function withStatuses(pass: Pass, { source, excluded }: Folders): Promise<ListedFolder[]> {
  return await inFlight(source, async (folder) => {
    if (!isSelectable(folder) || excluded.has(folder.name) || (folder.status ?? null) !== null) return folder;
    return { ...folder, status: await statusOf(pass, folder.name) };
  });
}

/** What there is to copy, in the order of copying, with the totals for the display. */
export async function tasksOf(pass: Pass, folders: Folders): Promise<FolderTask[]> {
  const listed = folders.source.filter(
    (folder) =>
      isSelectable(folder) &&
      !folders.excluded.has(folder.name) &&
      pass.ledger.folder(folder.name) !== undefined,
  );
  const statuses = await inFlight(listed, async ({ name, status }) => status ?? (await statusOf(pass, name)));
  const tasks = listed.map((folder, at) => {
    const task = { source: folder.name, status: statuses[at] ?? null };
    return { task, order: orderOf(folder, folders.sourceUses), isUnchanged: isUnchanged(pass, task) };
  });
  for (const { source, status } of tasks.map(({ task }) => task)) {
    const total = { messages: status?.messages ?? 0, bytes: status?.size ?? null };
    pass.progress.setTotal(source, total, pass.ledger.folder(source));
  }
  pass.progress.totalsAreKnown();
  await pass.progress.showNow(pass.ledger.refusedCount());
  return tasks
    .toSorted(
      (a, b) =>
        a.order - b.order ||
        Number(a.isUnchanged) - Number(b.isUnchanged) ||
        compareNames(a.task.source, b.task.source),
    )
    .map(({ task }) => task);
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

function orderOf({ name, attributes }: ListedFolder, uses: SpecialUses): number {
  if (isInbox(name)) return ORDER_OF_INBOX;
  const use = uses.get(name);
  if (use === "\\archive" && attributes.includes("\\all")) return ORDER_OF_ALL;
  return use === undefined ? ORDER_OF_OTHERS : ORDER_BY_USE[use];
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

function sayWhatIsExcluded(pass: Pass, { excluded }: Folders): void {
  for (const source of excluded)
    pass.deps.log.info(
      { event: "copy.folder", ...pass.logFields, folder: printable(source) },
      "this folder is not copied: the domain excludes it, or it only shows messages of other folders",
    );
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
