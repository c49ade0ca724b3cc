import type { FolderName } from "../../../model/ledger.ts";
import { folderArgument } from "../../../wire/imap/encode.ts";
import type { ImapConnection } from "../connection/connection.ts";
import type { Piece } from "../connection/outgoing.ts";
import { run } from "../connection/run.ts";
import { CommandRefusedError } from "../refusal.ts";
import { folderStatus } from "./status.ts";

/**
 * Makes a folder (RFC 9051 §6.3.4), with a special use such as `\Sent` where the server takes one (RFC 6154 §5.2).
 * @throws {CommandRefusedError} when the server will not have it, and has none of that name
 */
export async function createFolder(
  connection: ImapConnection,
  name: FolderName,
  specialUse?: string,
): Promise<"created" | "exists"> {
  const create: Piece[] = ["CREATE ", folderArgument(name)];
  const withUse = specialUse !== undefined && connection.has("CREATE-SPECIAL-USE");
  try {
    await run(connection, {
      name: "CREATE",
      pieces: withUse ? [...create, ` (USE (${specialUse}))`] : create,
    });
    return "created";
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
    if (error.code === "ALREADYEXISTS") return "exists";
    // Another folder may have the use already; the folder is wanted all the same.
    if (withUse && error.code === "USEATTR") return createFolder(connection, name);
    if (await exists(connection, name)) return "exists";
    throw error;
  }
}

/** For servers without response codes. */
async function exists(connection: ImapConnection, name: FolderName): Promise<boolean> {
  try {
    await folderStatus(connection, name);
    return true;
  } catch (error) {
    if (error instanceof CommandRefusedError) return false;
    throw error;
  }
}
