import type { FolderName } from "../../model/ledger.ts";
import type { ListedFolder } from "../../upstream/imap/commands/list.ts";
import { openFolder } from "../../upstream/imap/commands/select.ts";
import { type FolderStatus, folderStatus } from "../../upstream/imap/commands/status.ts";
import type { ImapConnection } from "../../upstream/imap/connection/connection.ts";
import { CommandRefusedError } from "../../upstream/imap/refusal.ts";
import { likenessOf } from "../changes/move-matching.ts";
import { instantOf } from "../internal-date.ts";
import { listByUid } from "../recovery/reconcile.ts";
import { inFlight } from "../sending/in-flight.ts";

/** Messages of a folder that are compared: enough that two folders with the same UIDVALIDITY cannot be taken for one another. */
const SAMPLE = 50;
/** More folders than that are not asked for their STATUS, one by one, where the source has not said it of itself. */
const CANDIDATES = 200;

/** A folder that is no longer listed, and what is known of it. */
export interface LostFolder {
  readonly name: FolderName;
  readonly uidValidity: number;
  /** Lower bound; `null` where not known. */
  readonly uidNext: number | null;
  /** Messages that should be in it, by UID, and what they look like (`likenessOf`). */
  readonly messages: ReadonlyMap<number, string>;
}

/** A folder that nobody knows yet. */
export interface NewFolder {
  readonly name: FolderName;
  readonly status: FolderStatus;
}

/** STATUS of folders that are new to the ledger; of as many as are not too many to be asked. */
export async function newFolders(
  connection: ImapConnection,
  listed: readonly ListedFolder[],
): Promise<NewFolder[]> {
  const silent = new Set(listed.filter(({ status }) => (status ?? null) === null).slice(0, CANDIDATES));
  const asked = listed.filter((one) => (one.status ?? null) !== null || silent.has(one));
  const found = await inFlight(asked, async ({ name, status }) => ({
    name,
    status: status ?? (await statusOf(connection, name)),
  }));
  return found.flatMap(({ name, status }) => (status === null ? [] : [{ name, status }]));
}

/**
 * The one new folder that is the lost one: the same UIDVALIDITY, and messages of the same date and size under the same UIDs, as far as a sample shows. `null`
 * where none is it or several could be. Without messages to compare it is where its parent has gone, or nowhere.
 * @param below what it is called now if it has gone with its parent: looked at first, since the folders of a tree may all have the same UIDVALIDITY
 */
export async function recogniseFolder(
  connection: ImapConnection,
  lost: LostFolder,
  candidates: readonly NewFolder[],
  below: FolderName | null,
): Promise<NewFolder | null> {
  const possible = candidates.filter((one) => mayBe(lost, one));
  const withParent = possible.find(({ name }) => name === below) ?? null;
  if (lost.messages.size === 0) return withParent;
  const sample = sampleOf([...lost.messages.keys()].sort((a, b) => a - b));
  if (withParent !== null && (await holds(connection, withParent.name, lost, sample))) return withParent;
  const same: NewFolder[] = [];
  for (const candidate of possible.filter((one) => one !== withParent))
    if (await holds(connection, candidate.name, lost, sample)) same.push(candidate);
  const [only] = same;
  return same.length === 1 && only ? only : null;
}

/** Whether nothing that is known without opening it speaks against it. */
function mayBe(lost: LostFolder, { status }: NewFolder): boolean {
  return (
    status.uidValidity === lost.uidValidity &&
    (lost.uidNext === null || status.uidNext === null || status.uidNext >= lost.uidNext)
  );
}

async function holds(
  connection: ImapConnection,
  name: FolderName,
  lost: LostFolder,
  sample: readonly number[],
): Promise<boolean> {
  try {
    const { uidValidity } = await openFolder(connection, name, "examine");
    if (uidValidity !== lost.uidValidity) return false;
    const found = await listByUid(connection, sample, { messageId: false });
    return (
      found.length > 0 &&
      found.every(
        (message) =>
          lost.messages.get(message.uid) === likenessOf(instantOf(message.internalDate), message.size),
      )
    );
  } catch (error) {
    if (error instanceof CommandRefusedError) return false;
    throw error;
  }
}

/** The last ones, which nobody has deleted long ago, and some from everywhere. */
function sampleOf(uids: readonly number[]): number[] {
  const half = SAMPLE / 2;
  const last = uids.slice(-half);
  const step = Math.max(1, Math.floor(uids.length / half));
  const spread = uids.filter((_, at) => at % step === 0).slice(0, half);
  return [...new Set([...spread, ...last])].sort((a, b) => a - b);
}

async function statusOf(connection: ImapConnection, name: FolderName): Promise<FolderStatus | null> {
  try {
    return await folderStatus(connection, name);
  } catch (error) {
    if (error instanceof CommandRefusedError) return null;
    throw error;
  }
}
