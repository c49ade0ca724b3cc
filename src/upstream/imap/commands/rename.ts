import { invariant } from "../../../kit/invariant.ts";
import type { FolderName } from "../../../model/ledger.ts";
import { folderArgument } from "../../../wire/imap/encode.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { run } from "../connection/run.ts";
import { isSameFolder } from "../folder-name.ts";

/**
 * Renames a folder, and with it those below (RFC 9051 §6.3.6). Subscriptions keep the old names: that is the caller's to mend. INBOX cannot be
 * renamed: servers would move its messages instead.
 * @throws {CommandRefusedError} mostly with `code` NONEXISTENT, ALREADYEXISTS or NOPERM; some servers give no code
 */
export async function renameFolder(
  connection: ImapConnection,
  from: FolderName,
  to: FolderName,
): Promise<void> {
  invariant(!isSameFolder(from, "INBOX"), "INBOX is not renamed");
  await run(connection, {
    name: "RENAME",
    pieces: ["RENAME ", folderArgument(from), " ", folderArgument(to)],
  });
}
