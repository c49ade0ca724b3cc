import { printable } from "../../kit/text.ts";
import { isInbox, isSelectable } from "../../model/folder.ts";
import type { FolderName } from "../../model/ledger.ts";
import { nameBefore, setAsideName } from "../../model/set-aside.ts";
import type { ListedFolder } from "../../upstream/imap/commands/list.ts";
import { goneEntries, isAtSource } from "../changes/entry-state.ts";
import { likenessOf } from "../changes/move-matching.ts";
import { prepareSweeps } from "../changes/sweep.ts";
import { SWEEP_MESSAGES } from "../limits.ts";
import type { Pass } from "../pass.ts";
import type { FolderRecord } from "../record.ts";
import { type Folders, withStatuses } from "./folders.ts";
import { type LostFolder, type NewFolder, newFolders, recogniseFolder } from "./renames-evidence.ts";
import { renameOnTarget } from "./renames-place.ts";
import { belowRenamed, followTargetRenames } from "./renames-target.ts";

/** A folder of the ledger and the one that it is at the source now. */
interface Renamed {
  readonly from: FolderName;
  readonly to: FolderName;
}

/**
 * Follows renamed folders on both sides, before any folder is settled or opened. A folder that is renamed at the source is renamed on the target where it is called
 * there as the copier called it; else the ledger goes on under the new name. That goes for a folder too whose old name another one has at once, and for two that have
 * changed names. A folder of the ledger that the source no longer lists counts as emptied.
 * @returns the folders with the target's new names, and with what the source says of each
 */
export async function followRenames(pass: Pass, folders: Folders): Promise<Folders> {
  pass.main.present = null;
  await followTargetRenames(pass, folders);
  const listed = new Set(folders.source.filter(isSelectable).map(({ name }) => name));
  // Without INBOX it is no listing to conclude from.
  if (![...listed].some(isInbox)) return folders;
  const source = await withStatuses(pass, folders);
  const target = await followSourceRenames(pass, { ...folders, source }, listed);
  for (const record of pass.ledger.folders())
    if (!listed.has(record.head.source)) await noteFolderGone(pass, record);
  return { ...folders, source, target };
}

async function followSourceRenames(
  pass: Pass,
  folders: Folders,
  listed: ReadonlySet<FolderName>,
): Promise<readonly ListedFolder[]> {
  const replaced = new Set(folders.source.filter((one) => isReplaced(pass, one)).map(({ name }) => name));
  const isLost = ({ head, entries }: FolderRecord) =>
    (replaced.has(head.source) || !listed.has(head.source)) &&
    head.sourceUidValidity !== 0 &&
    ([...entries.values()].some(isAtSource) || head.source === nameBefore(head.source));
  const lost = pass.ledger.folders().filter((record) => isLost(record));
  const unknown = folders.source.filter(
    ({ name }) => listed.has(name) && (replaced.has(name) || pass.ledger.folder(name) === undefined),
  );
  if (lost.length === 0 || unknown.length === 0) return folders.target;
  // Folders are opened here, and nothing is switched on behind that.
  await prepareSweeps(pass);
  const renamed = await recogniseAll(pass, folders, lost, await newFolders(pass.source, unknown));
  let { target } = folders;
  for (const { from, to } of await makeRoom(pass, renamed)) {
    target = await renameOnTarget(pass, { ...folders, target }, from, to);
    await pass.ledger.renameFolder(from, to);
    pass.deps.log.info(
      {
        event: "copy.folder",
        ...pass.logFields,
        folder: printable(nameBefore(from)),
        renamed: printable(to),
      },
      "a folder has been renamed at the source: the copy goes on with its new name",
    );
  }
  return target;
}

/** Whether the ledger knows another folder under this name: it was renamed or deleted, or the server has numbered its messages anew. */
function isReplaced(pass: Pass, { name, status }: ListedFolder): boolean {
  const known = pass.ledger.folder(name)?.head.sourceUidValidity ?? 0;
  const now = status?.uidValidity ?? null;
  return known !== 0 && now !== null && known !== now && !isInbox(name);
}

/** Parents first, so that a folder without messages can follow its parent. */
async function recogniseAll(
  pass: Pass,
  folders: Folders,
  lost: readonly FolderRecord[],
  unknown: readonly NewFolder[],
): Promise<Renamed[]> {
  const { separator } = folders.sourceHierarchy;
  const byName = lost.toSorted((a, b) => nameBefore(a.head.source).length - nameBefore(b.head.source).length);
  const names = new Map<FolderName, FolderName>();
  const renamed: Renamed[] = [];
  let candidates = unknown;
  for (const record of byName) {
    pass.checkpoint();
    const folder = lostFolder(record);
    const below = separator === null ? null : belowRenamed(folder.name, names, separator);
    const found = await recogniseFolder(pass.source, folder, candidates, below);
    if (found === null) continue;
    candidates = candidates.filter((one) => one !== found);
    names.set(folder.name, found.name);
    if (!isLeftToMoves(folders, record, found.name))
      renamed.push({ from: record.head.source, to: found.name });
  }
  return renamed;
}

/**
 * Mail programs go on using the target's Sent where it is: who puts last year's sent mail away by renaming the folder finds the messages in the new one, as moved, and
 * Sent where it was. Very many of them are not moved one by one.
 */
function isLeftToMoves(folders: Folders, { head, entries }: FolderRecord, to: FolderName): boolean {
  const use = folders.targetUses.get(head.target);
  return use !== undefined && folders.sourceUses.get(to) !== use && entries.size <= SWEEP_MESSAGES;
}

/** Sets those aside whose names others take. The rest of what is lost is dealt with when its folder is opened. */
async function makeRoom(pass: Pass, renamed: readonly Renamed[]): Promise<Renamed[]> {
  const aside = new Map<FolderName, FolderName>();
  for (const { to } of renamed) {
    const record = pass.ledger.folder(to);
    if (record === undefined) continue;
    const name = freeName(pass, record);
    await pass.ledger.renameFolder(to, name);
    aside.set(to, name);
  }
  return renamed.map(({ from, to }) => ({ from: aside.get(from) ?? from, to }));
}

function freeName(pass: Pass, { head }: FolderRecord): FolderName {
  for (let count = 0; ; count += 1) {
    const name = setAsideName(head.source, head.sourceUidValidity, count);
    if (pass.ledger.folder(name) === undefined) return name;
  }
}

async function noteFolderGone(pass: Pass, { head, entries }: FolderRecord): Promise<void> {
  const present = [...entries.values()].filter(isAtSource);
  if (present.length === 0) return;
  // Should it be listed again, it is looked at whole.
  await pass.ledger.putHead({ ...head, sourceMessages: null, sourceHighestModSeq: null });
  await pass.ledger.record(head.source, goneEntries(present, pass.lease.token), null);
  pass.deps.log.info(
    {
      event: "copy.folder",
      ...pass.logFields,
      folder: printable(nameBefore(head.source)),
      messages: present.length,
    },
    "a folder is no longer at the source: its messages count as deleted or moved there",
  );
}

function lostFolder({ head, entries }: FolderRecord): LostFolder {
  const messages = new Map<number, string>();
  for (const entry of entries.values())
    if (isAtSource(entry) && entry.internalDate !== 0)
      messages.set(entry.sourceUid, likenessOf(entry.internalDate, entry.size));
  return {
    name: nameBefore(head.source),
    uidValidity: head.sourceUidValidity,
    uidNext: head.sourceUidNext,
    messages,
  };
}
