import type { FolderName } from "../../model/ledger.ts";
import type { ImapConnection } from "./connection.ts";

/**
 * Makes a folder, with a special use such as `\Sent` where the server takes one.
 * @throws {CommandRefusedError} when the server will not have it
 */
export function createFolder(_connection: ImapConnection, _name: FolderName, _specialUse?: string): Promise<"created" | "exists"> {
  throw new Error("not yet");
}
