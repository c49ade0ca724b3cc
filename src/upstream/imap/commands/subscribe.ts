import type { FolderName } from "../../../model/ledger.ts";
import { folderArgument } from "../../../wire/imap/encode.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { run } from "../connection/run.ts";

/** Puts a folder on the list that mail programs show (RFC 9051 §6.3.7). @throws {CommandRefusedError} */
export async function subscribeFolder(connection: ImapConnection, name: FolderName): Promise<void> {
  await run(connection, { name: "SUBSCRIBE", pieces: ["SUBSCRIBE ", folderArgument(name)] });
}
