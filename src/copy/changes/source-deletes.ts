import { printable } from "../../kit/text.ts";
import { hierarchyOf } from "../../model/folder.ts";
import type { FolderName, LedgerEntry } from "../../model/ledger.ts";
import { specialUses } from "../../model/special-use.ts";
import { createFolder } from "../../upstream/imap/commands/create.ts";
import { listFolders } from "../../upstream/imap/commands/list.ts";
import { moveMessages } from "../../upstream/imap/commands/move.ts";
import { personalNamespace } from "../../upstream/imap/commands/namespace.ts";
import { openFolder } from "../../upstream/imap/commands/select.ts";
import { subscribeFolder } from "../../upstream/imap/commands/subscribe.ts";
import { CommandRefusedError } from "../../upstream/imap/refusal.ts";
import { uidSetOf } from "../../upstream/imap/uid-set.ts";
import { UIDS_A_COMMAND } from "../limits.ts";
import type { Pass } from "../pass.ts";
import type { FolderHead } from "../record.ts";
import { goneEntries, spentEntry } from "./entry-state.ts";
import type { FolderChanges } from "./sweep.ts";

/** Messages of one folder that the source has deleted, and whose copies may still be where the copier put them. */
interface DeletedMessages {
  readonly head: FolderHead;
  readonly entries: readonly LedgerEntry[];
}

/**
 * Notes what is gone from the source, and where the domain says so moves copies to Trash. To be called in every later pass, behind `followMoves`.
 *
 * A copy goes to Trash one pass after its message was found to be gone: whatever folder it may have been moved to has been looked at by then. A copy that its user has
 * moved stays where it is, and nothing is ever expunged.
 * @throws {Failure} when a connection breaks: the next pass goes on
 */
export async function applySourceDeletes(pass: Pass, changes: readonly FolderChanges[]): Promise<void> {
  const { ledger, lease } = pass;
  // A folder that could not be looked at may be where they are.
  if (pass.domain.sourceDeletes === "trash" && pass.troubles.length === 0) {
    const deleted = deletedBefore(pass, changes);
    if (deleted.length > 0) await moveToTrash(pass, deleted);
  }
  for (const change of changes) {
    await ledger.record(change.folder.source, goneEntries(change.vanished, lease.token), null);
    change.vanished = [];
  }
}

function deletedBefore(pass: Pass, changes: readonly FolderChanges[]): DeletedMessages[] {
  const { token } = pass.lease;
  return pass.ledger.folders().flatMap(({ head, entries }) => {
    // Not copied whole: nobody has looked what it has again.
    if (head.sourceUidNext === null) return [];
    const change = changes.find(({ folder }) => folder.source === head.source);
    const back = new Set(change?.flagChanges.map(({ entry }) => entry.sourceUid));
    const some = [...entries.values()].filter(
      ({ sourceUid, targetUid, goneSince = token }) =>
        targetUid !== null && goneSince < token && !back.has(sourceUid),
    );
    return some.length === 0 ? [] : [{ head, entries: some }];
  });
}

async function moveToTrash(pass: Pass, deleted: readonly DeletedMessages[]): Promise<void> {
  const trash = await trashOf(pass);
  if (trash === null) return;
  for (const { head, entries } of deleted) {
    const ascending = entries.toSorted((a, b) => (a.targetUid ?? 0) - (b.targetUid ?? 0));
    for (let at = 0; at < ascending.length; at += UIDS_A_COMMAND) {
      pass.checkpoint();
      const some = ascending.slice(at, at + UIDS_A_COMMAND);
      const moved = await moveCopies(pass, head, some, trash);
      if (moved === null) break;
      await pass.ledger.record(
        head.source,
        // What the copier itself has put into Trash is copied anew should the source have it again.
        some.map((entry) =>
          moved.has(entry.targetUid ?? 0)
            ? spentEntry(entry.sourceUid, pass.lease.token)
            : { ...entry, targetUid: null },
        ),
        null,
      );
      if (moved.size > 0)
        pass.deps.log.info(
          { event: "copy.folder", ...pass.logFields, folder: printable(head.source), messages: moved.size },
          "messages that were deleted at the source are in Trash on the target now",
        );
    }
  }
}

/** @returns target UIDs that went to Trash; `null` where the target cannot move them */
async function moveCopies(
  pass: Pass,
  head: FolderHead,
  entries: readonly LedgerEntry[],
  trash: FolderName,
): Promise<ReadonlySet<number> | null> {
  const uids = entries.flatMap(({ targetUid }) => targetUid ?? []);
  if (head.target === trash) return new Set();
  pass.main.present = null;
  try {
    const { uidValidity } = await openFolder(pass.target, head.target, "select");
    if (uidValidity !== head.targetUidValidity) return new Set();
    await pass.keepHold();
    const result = await moveMessages(pass.target, uidSetOf(uids), trash);
    if (result.kind === "moved") return new Set(result.copied?.uids.keys());
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
    pass.deps.log.warn(
      { event: "copy.folder", ...pass.logFields, folder: printable(head.target) },
      `the target does not move messages to Trash that were deleted at the source: ${printable(error.text)}`,
    );
  }
  return null;
}

/** The target's Trash by its special use or its name; made where there is none, `null` where the target does not let it be made. */
async function trashOf(pass: Pass): Promise<FolderName | null> {
  const folders = await listFolders(pass.target);
  const hierarchy = (await personalNamespace(pass.target)) ?? hierarchyOf(folders);
  const known = [...specialUses(folders, hierarchy)].find(([, use]) => use === "\\trash")?.[0];
  if (known !== undefined) return known;
  const name = `${hierarchy.prefix}Trash`;
  try {
    await createFolder(pass.target, name, "\\Trash");
    await subscribeFolder(pass.target, name);
    return name;
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
    pass.deps.log.warn(
      { event: "copy.folder", ...pass.logFields, folder: name },
      `the target does not let a folder Trash be made, so messages that were deleted at the source stay: ${printable(error.text)}`,
    );
    return null;
  }
}
