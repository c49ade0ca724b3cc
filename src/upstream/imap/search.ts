import type { ImapConnection } from "./connection.ts";

/** UIDs of the open folder's messages that fit `criteria` (RFC 9051 §6.4.4, plain ASCII such as `ALL` or `UID 5:*`), ascending. */
export function searchUids(_connection: ImapConnection, _criteria: string): Promise<number[]> {
  throw new Error("not yet");
}
