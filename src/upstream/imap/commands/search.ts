import { lineOf } from "../../../wire/imap/response.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { run } from "../connection/run.ts";

/**
 * UIDs of the open folder's messages that fit, ascending (RFC 9051 §6.4.4).
 * @param criteria printable ASCII, such as `ALL` or `UID 5:*`
 */
export async function searchUids(connection: ImapConnection, criteria: string): Promise<number[]> {
  const found = new Set<number>();
  await run(
    connection,
    { name: "UID SEARCH", pieces: [`UID SEARCH ${criteria}`] },
    {
      untagged: (response) => {
        if (response.kind !== "data" || response.name !== "SEARCH") return false;
        for (const word of lineOf(response).split(" "))
          if (/^[0-9]{1,10}$/.test(word)) found.add(Number(word));
        return true;
      },
    },
  );
  return [...found].sort((a, b) => a - b);
}
