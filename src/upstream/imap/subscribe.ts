import type { FolderName } from "../../model/ledger.ts";
import type { ImapConnection } from "./connection.ts";

/** @throws {CommandRefusedError} */
export function subscribeFolder(_connection: ImapConnection, _name: FolderName): Promise<void> {
  throw new Error("not yet");
}
