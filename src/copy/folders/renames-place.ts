import { printable } from "../../kit/text.ts";
import { folderKey, isInbox } from "../../model/folder.ts";
import { mappedLevels } from "../../model/folder-map.ts";
import { levelsOf, parentOf, translateLeaf, translateName } from "../../model/folder-names.ts";
import type { FolderName } from "../../model/ledger.ts";
import { nameBefore } from "../../model/set-aside.ts";
import type { ListedFolder } from "../../upstream/imap/commands/list.ts";
import { renameFolder } from "../../upstream/imap/commands/rename.ts";
import { folderStatus } from "../../upstream/imap/commands/status.ts";
import { subscribeFolder } from "../../upstream/imap/commands/subscribe.ts";
import { CommandRefusedError } from "../../upstream/imap/refusal.ts";
import type { Pass } from "../pass.ts";
import type { FolderHead } from "../record.ts";
import type { Folders } from "./folders.ts";
import { belowRenamed } from "./renames-target.ts";

/** The target's folders, with the new name where the folder was renamed there. What is done twice after an interruption does no harm. */
export async function renameOnTarget(
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
    if (newName(one.target) !== one.target) await pass.ledger.renameTarget(one.source, newName(one.target));
  return folders.target.map((folder) => ({ ...folder, name: newName(folder.name) }));
}

/** Where the folder belongs on the target now; `null` where it is there, or is to stay where it is: a rule, a special use or its user has put it there. */
function newPlace(pass: Pass, folders: Folders, head: FolderHead, to: FolderName): FolderName | null {
  const { sourceHierarchy, targetHierarchy, sourceUses, target } = folders;
  const isRuled = (name: FolderName) =>
    mappedLevels(levelsOf(name, sourceHierarchy), pass.domain.folderMap) !== null;
  const wanted = ownName(pass, folders, to);
  const from = nameBefore(head.source);
  // What is not copied any more stays where it is.
  if (folders.excluded.has(to)) return null;
  if (isRuled(from) || isRuled(to) || sourceUses.has(to) || isInbox(head.target)) return null;
  if (head.target !== ownName(pass, folders, from) || isInbox(wanted)) return null;
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
