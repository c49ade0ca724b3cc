import { isInbox, isSelectable } from "../../model/folder.ts";
import type { FolderName } from "../../model/ledger.ts";
import type { ListedFolder } from "../../upstream/imap/commands/list.ts";
import { type FolderStatus, folderStatus } from "../../upstream/imap/commands/status.ts";
import type { ImapConnection } from "../../upstream/imap/connection/connection.ts";
import { CommandRefusedError } from "../../upstream/imap/refusal.ts";
import { inFlight } from "../sending/in-flight.ts";

/** Servers say it in words, without a code: Dovecot, Courier, Cyrus, Exchange. */
const SAYS_GONE = /doesn't exist|does not exist|no such (?:mailbox|folder)|not found/i;

/**
 * A listing with `\nonexistent` where a server has left it out: Dovecot goes on listing a folder that its user has deleted, as one that holds messages, while there are
 * folders below it. Those that could be such are asked for their STATUS, and where they are really there they have it.
 */
export async function reallyThere(
  connection: ImapConnection,
  listed: readonly ListedFolder[],
): Promise<readonly ListedFolder[]> {
  const parents = new Set(listed.map((folder) => parentOf(folder)));
  const doubtful = listed.filter(
    (folder) =>
      parents.has(folder.name) &&
      isSelectable(folder) &&
      !isInbox(folder.name) &&
      (folder.status ?? null) === null,
  );
  if (doubtful.length === 0) return listed;
  const statuses = await inFlight(doubtful, ({ name }) => statusUnlessGone(connection, name));
  const known = new Map(doubtful.map(({ name }, at) => [name, statuses[at]]));
  return listed.map((folder) => {
    const status = known.get(folder.name);
    if (status === undefined) return folder;
    if (status !== "gone") return { ...folder, status };
    return { ...folder, attributes: [...folder.attributes, "\\nonexistent"] };
  });
}

function parentOf({ name, separator }: ListedFolder): FolderName | null {
  const at = separator === null ? -1 : name.lastIndexOf(separator);
  return at <= 0 ? null : name.slice(0, at);
}

async function statusUnlessGone(
  connection: ImapConnection,
  name: FolderName,
): Promise<FolderStatus | "gone" | null> {
  try {
    return await folderStatus(connection, name);
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
    // What else it may be, opening it will tell.
    return error.code === "NONEXISTENT" || (error.code === null && SAYS_GONE.test(error.text))
      ? "gone"
      : null;
  }
}
