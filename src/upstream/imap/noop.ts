import type { ImapConnection } from "./connection.ts";

/** Shows that the connection still lives. */
export function noop(_connection: ImapConnection): Promise<void> {
  throw new Error("not yet");
}
