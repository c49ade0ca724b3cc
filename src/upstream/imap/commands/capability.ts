import { lineOf } from "../../../wire/imap/response.ts";
import { protocolFault } from "../../failures.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { run } from "../connection/run.ts";

/**
 * Asks what the server offers (RFC 9051 §6.1.1) and keeps it in the connection. Returns the server's words, with spaces between them.
 * @param limitMs longest time for the answer; that of any command where it is not given
 * @throws {Failure}
 */
export async function refreshCapabilities(connection: ImapConnection, limitMs?: number): Promise<string> {
  let words: string | null = null;
  await run(
    connection,
    { name: "CAPABILITY", pieces: ["CAPABILITY"], ...(limitMs === undefined ? {} : { limitMs }) },
    {
      untagged: (response) => {
        if (response.kind !== "data" || response.name !== "CAPABILITY") return false;
        words = lineOf(response).trim();
        return true;
      },
    },
  );
  if (words === null) throw protocolFault(connection, "answered CAPABILITY without saying what it offers");
  connection.setCapabilities(words);
  return words;
}
