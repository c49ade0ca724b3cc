import { quoted } from "../../../wire/imap/encode.ts";
import { itemsOf, readValues, textOf } from "../../../wire/imap/value.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { run } from "../connection/run.ts";

/**
 * Tells the server who we are, or for whom we come (RFC 2971): names and values of printable ASCII. Does nothing where ID is not offered. Returns
 * what the server says of itself, names in lower case.
 */
export async function sendId(
  connection: ImapConnection,
  pairs: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const known: Record<string, string> = {};
  if (!connection.has("ID")) return known;
  const words = Object.entries(pairs).flat();
  // One piece: a login sends it, and each piece is a buffer of its own.
  const list = words.length === 0 ? "NIL" : `(${words.map(quoted).join(" ")})`;
  await run(
    connection,
    { name: "ID", pieces: [`ID ${list}`] },
    {
      untagged: (response) => {
        if (response.kind !== "data" || response.name !== "ID") return false;
        const items = itemsOf(readValues(response.rest)[0]);
        for (let i = 0; i + 1 < items.length; i += 2) {
          const name = textOf(items[i]);
          const value = textOf(items[i + 1]);
          if (name !== null && value !== null) known[name.toLowerCase()] = value;
        }
        return true;
      },
    },
  );
  return known;
}
