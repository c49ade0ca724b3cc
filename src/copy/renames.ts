import { printable } from "../kit/text.ts";
import { folderKey, isInbox, isSelectable } from "../model/folder.ts";
import { mappedLevels } from "../model/folder-map.ts";
import { levelsOf, parentOf, translateLeaf, translateName } from "../model/folder-names.ts";
import type { FolderName } from "../model/ledger.ts";
import type { ListedFolder } from "../upstream/imap/list.ts";
import { CommandRefusedError } from "../upstream/imap/refusal.ts";
import { renameFolder } from "../upstream/imap/rename.ts";
import { folderStatus } from "../upstream/imap/status.ts";
import { subscribeFolder } from "../upstream/imap/subscribe.ts";
import { goneEntries, isAtSource } from "./entry-state.ts";
import type { Folders } from "./folders.ts";
import { likenessOf } from "./move-matching.ts";
import type { Pass } from "./pass.ts";
import type { FolderHead, FolderRecord } from "./record.ts";
import { type LostFolder, mayBe, newFolders, recogniseFolder } from "./renames-evidence.ts";
import { belowRenamed, followTargetRenames } from "./renames-target.ts";
import { prepareSweeps } from "./sweep.ts";

/**
 * Follows renamed folders on both sides, before any folder is settled or opened. A folder that is renamed at the source is renamed on the target where it is called
 * there as the copier called it; else the ledger goes on under the new name. A folder of the ledger that the source no longer lists counts as emptied.
 * @returns the folders with the target's new names
 */
export async function followRenames(pass: Pass, folders: Folders): Promise<Folders> {
  pass.main.present = null;
  await followTargetRenames(pass, folders);
  const listed = new Set(folders.source.filter(isSelectable).map(({ name }) => name));
  // Without INBOX it is no listing to conclude from.
  if (![...listed].some(isInbox)) return folders;
  const target = await followSourceRenames(pass, folders, listed);
  for (const record of pass.ledger.folders())
    if (!listed.has(record.head.source)) await noteFolderGone(pass, record);
  return { ...folders, target };
}

async function followSourceRenames(
  pass: Pass,
  folders: Folders,
  listed: ReadonlySet<FolderName>,
): Promise<readonly ListedFolder[]> {
  const lost = pass.ledger
    .folders()
    .filter(({ head }) => !listed.has(head.source) && head.sourceUidValidity !== 0)
    .toSorted((a, b) => a.head.source.length - b.head.source.length);
  const unknown = folders.source.filter(
    ({ name }) => listed.has(name) && !folders.excluded.has(name) && pass.ledger.folder(name) === undefined,
  );
  if (lost.length === 0 || unknown.length === 0) return folders.target;
  // Folders are opened here, and nothing is switched on behind that.
  await prepareSweeps(pass);
  let candidates = await newFolders(pass.source, unknown);
  let { target } = folders;
  const renamed = new Map<FolderName, FolderName>();
  for (const record of lost) {
    pass.checkpoint();
    const folder = lostFolder(record);
    const { separator } = folders.sourceHierarchy;
    const below = separator === null ? null : belowRenamed(folder.name, renamed, separator);
    const found =
      (await recogniseFolder(pass.source, folder, candidates)) ??
      candidates.find((one) => folder.messages.size === 0 && one.name === below && mayBe(folder, one));
    if (found === undefined) continue;
    candidates = candidates.filter((one) => one !== found);
    renamed.set(folder.name, found.name);
    target = await renameOnTarget(pass, { ...folders, target }, folder.name, found.name);
    await pass.ledger.renameFolder(folder.name, found.name);
    pass.deps.log.info(
      {
        event: "copy.folder",
        ...pass.logFields,
        folder: printable(folder.name),
        renamed: printable(found.name),
      },
      "a folder has been renamed at the source: the copy goes on with its new name",
    );
  }
  return target;
}

/** The target's folders, with the new name where the folder was renamed there. What is done twice after an interruption does no harm. */
async function renameOnTarget(
  pass: Pass,
  folders: Folders,
  from: FolderName,
  to: FolderName,
): Promise<readonly ListedFolder[]> {
  const head = pass.ledger.folder(from)?.head;
  if (head === undefined) return folders.target;
  const name = newPlace(pass, folders, head, to);
  const there = folders.target.find((one) => folderKey(one.name) === folderKey(head.target));
  if (name === null || there === undefined || !(await isOurs(pass, head))) return folders.target;
  try {
    await renameFolder(pass.target, head.target, name);
    if (there.subscribed) await subscribeFolder(pass.target, name);
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
    pass.deps.log.warn(
      { event: "copy.folder", ...pass.logFields, folder: printable(head.target) },
      `the target does not rename the folder to "${printable(name)}", so it keeps its name: ${printable(error.text)}`,
    );
    return folders.target;
  }
  const renamed = new Map([[head.target, name]]);
  const separator = folders.targetHierarchy.separator ?? "";
  const newName = (old: FolderName) =>
    renamed.get(old) ?? (separator === "" ? null : belowRenamed(old, renamed, separator)) ?? old;
  for (const { head: one } of pass.ledger.folders())
    if (newName(one.target) !== one.target)
      await pass.ledger.putHead({ ...one, target: newName(one.target) });
  return folders.target.map((folder) => ({ ...folder, name: newName(folder.name) }));
}

/** Where the folder belongs on the target now; `null` where it is there, or is to stay where it is: a rule, a special use or its user has put it there. */
function newPlace(pass: Pass, folders: Folders, head: FolderHead, to: FolderName): FolderName | null {
  const { sourceHierarchy, targetHierarchy, sourceUses, target } = folders;
  const isRuled = (name: FolderName) =>
    mappedLevels(levelsOf(name, sourceHierarchy), pass.domain.folderMap) !== null;
  const wanted = ownName(pass, folders, to);
  if (isRuled(head.source) || isRuled(to) || sourceUses.has(to) || isInbox(head.target)) return null;
  if (head.target !== ownName(pass, folders, head.source) || isInbox(wanted)) return null;
  const { separator } = targetHierarchy;
  if (wanted === head.target || (separator !== null && wanted.startsWith(head.target + separator)))
    return null;
  const isTaken =
    target.some((one) => folderKey(one.name) === folderKey(wanted)) ||
    pass.ledger.folders().some((one) => folderKey(one.head.target) === folderKey(wanted));
  return isTaken ? null : wanted;
}

/** What a source folder is called on the target when nothing stands in the way: below its parent's place, else by its own name. */
function ownName(pass: Pass, folders: Folders, source: FolderName): FolderName {
  const { sourceHierarchy, targetHierarchy } = folders;
  const parent = parentOf(source, sourceHierarchy);
  const above = parent === null || isInbox(parent) ? undefined : pass.ledger.folder(parent)?.head.target;
  if (above === undefined || isInbox(above) || targetHierarchy.separator === null)
    return translateName(source, sourceHierarchy, targetHierarchy);
  return `${above}${targetHierarchy.separator}${translateLeaf(source, sourceHierarchy, targetHierarchy)}`;
}

/** Whether the folder of that name still is the one that the copier has filled. */
async function isOurs(pass: Pass, head: FolderHead): Promise<boolean> {
  try {
    return (await folderStatus(pass.target, head.target)).uidValidity === head.targetUidValidity;
  } catch (error) {
    if (error instanceof CommandRefusedError) return false;
    throw error;
  }
}

async function noteFolderGone(pass: Pass, { head, entries }: FolderRecord): Promise<void> {
  const present = [...entries.values()].filter(isAtSource);
  if (present.length === 0) return;
  // Should it be listed again, it is looked at whole.
  await pass.ledger.putHead({ ...head, sourceMessages: null, sourceHighestModSeq: null });
  await pass.ledger.record(head.source, goneEntries(present, pass.lease.token), null);
  pass.deps.log.info(
    { event: "copy.folder", ...pass.logFields, folder: printable(head.source), messages: present.length },
    "a folder is no longer at the source: its messages count as deleted or moved there",
  );
}

function lostFolder({ head, entries }: FolderRecord): LostFolder {
  const messages = new Map<number, string>();
  for (const entry of entries.values())
    if (isAtSource(entry) && entry.internalDate !== 0)
      messages.set(entry.sourceUid, likenessOf(entry.internalDate, entry.size));
  return { name: head.source, uidValidity: head.sourceUidValidity, uidNext: head.sourceUidNext, messages };
}
