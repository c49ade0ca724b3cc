import { printable } from "../../kit/text.ts";
import { folderKey, isInbox, isSelectable } from "../../model/folder.ts";
import type { FolderName } from "../../model/ledger.ts";
import { likenessOf } from "../changes/move-matching.ts";
import type { Pass } from "../pass.ts";
import type { FolderRecord } from "../record.ts";
import type { Folders } from "./folders.ts";
import { type LostFolder, newFolders, recogniseFolder } from "./renames-evidence.ts";

/**
 * Follows folders that their user has renamed on the target, or that the copier itself had renamed when it was interrupted: the ledger goes on with the new name. What
 * cannot be recognised counts as deleted.
 */
export async function followTargetRenames(pass: Pass, folders: Folders): Promise<void> {
  const listed = new Set(folders.target.filter(isSelectable).map(({ name }) => folderKey(name)));
  const records = pass.ledger.folders();
  const isLost = ({ head }: FolderRecord) =>
    !isInbox(head.target) && head.targetUidValidity !== null && !listed.has(folderKey(head.target));
  const lost = [...Map.groupBy(records.filter(isLost), ({ head }) => head.target)];
  const taken = new Set(records.map(({ head }) => folderKey(head.target)));
  const strangers = folders.target.filter(
    (folder) => isSelectable(folder) && !isInbox(folder.name) && !taken.has(folderKey(folder.name)),
  );
  if (lost.length === 0 || strangers.length === 0) return;
  let candidates = await newFolders(pass.target, strangers);
  const { separator } = folders.targetHierarchy;
  const renamed = new Map<FolderName, FolderName>();
  // Parents first, so that a folder without messages can follow its parent.
  for (const [name, some] of lost.toSorted(([a], [b]) => a.length - b.length)) {
    const folder = lostFolder(name, some);
    const below = separator === null ? null : belowRenamed(name, renamed, separator);
    const found = await recogniseFolder(pass.target, folder, candidates, below);
    if (found === null) continue;
    candidates = candidates.filter((one) => one !== found);
    renamed.set(name, found.name);
    for (const { head } of some) await pass.ledger.renameTarget(head.source, found.name);
    pass.deps.log.info(
      { event: "copy.folder", ...pass.logFields, folder: printable(name), renamed: printable(found.name) },
      "a folder has been renamed on the target: the copy goes on with its new name",
    );
  }
}

/** What a name becomes when a folder above it is renamed; `null` where none is. */
export function belowRenamed(
  name: FolderName,
  renamed: ReadonlyMap<FolderName, FolderName>,
  separator: string,
): FolderName | null {
  for (const [from, to] of renamed)
    if (name.startsWith(from + separator)) return to + name.slice(from.length);
  return null;
}

function lostFolder(name: FolderName, records: readonly FolderRecord[]): LostFolder {
  const messages = new Map<number, string>();
  for (const { entries } of records)
    for (const { targetUid, remedy, internalDate, size } of entries.values())
      if (targetUid !== null && remedy === undefined) messages.set(targetUid, likenessOf(internalDate, size));
  return { name, uidValidity: records[0]?.head.targetUidValidity ?? 0, uidNext: null, messages };
}
