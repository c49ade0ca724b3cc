import type { ImapConnection } from "./connection.ts";

/** Adds or removes flags of messages in the open folder. @throws {CommandRefusedError} */
export function storeFlags(_connection: ImapConnection, _uidSet: string, _mode: "+" | "-", _flags: readonly string[]): Promise<void> {
  throw new Error("not yet");
}
