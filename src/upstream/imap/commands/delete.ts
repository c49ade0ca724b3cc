import { invariant } from "../../../kit/invariant.ts";
import type { FolderName } from "../../../model/ledger.ts";
import { folderArgument } from "../../../wire/imap/encode.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { run } from "../connection/run.ts";
import { isSameFolder } from "../folder-name.ts";
import { CommandRefusedError } from "../refusal.ts";

/**
 * Deletes a folder with every message in it, at once and for ever (RFC 9051 §6.3.5); folders below it stay. Whether it is empty is the
 * caller's to know. `gone` = the server says that there is none of that name.
 * @throws {CommandRefusedError} mostly with `code` INUSE, NOPERM or HASCHILDREN; some servers give no code
 */
export async function deleteFolder(
  connection: ImapConnection,
  name: FolderName,
): Promise<"deleted" | "gone"> {
  invariant(!isSameFolder(name, "INBOX"), "INBOX is not deleted");
  try {
    await run(connection, { name: "DELETE", pieces: ["DELETE ", folderArgument(name)] });
    return "deleted";
  } catch (error) {
    if (error instanceof CommandRefusedError && error.code === "NONEXISTENT") return "gone";
    throw error;
  }
}
