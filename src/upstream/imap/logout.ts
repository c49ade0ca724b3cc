import type { ImapConnection } from "./connection.ts";

/** Says goodbye, waits for the answer within a short bound, and closes. Never throws. */
export function logOut(_connection: ImapConnection): Promise<void> {
  throw new Error("not yet");
}
