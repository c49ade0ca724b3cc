import type { ImapConnection } from "./connection.ts";

/** Tells the server who we are, or for whom we come (RFC 2971). Nothing happens where ID is not offered. Returns what the server says of itself. */
export function sendId(_connection: ImapConnection, _pairs: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  throw new Error("not yet");
}
