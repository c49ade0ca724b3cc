import type { ImapConnection } from "./connection.ts";

/** Asks for the capabilities anew and keeps them in the connection. Returns the server's text. */
export function refreshCapabilities(_connection: ImapConnection): Promise<string> {
  throw new Error("not yet");
}
