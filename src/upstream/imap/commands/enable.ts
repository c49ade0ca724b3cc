import { lineOf } from "../../../wire/imap/response.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { run } from "../connection/run.ts";

export type Extension = "QRESYNC" | "CONDSTORE";

/**
 * Switches extensions on for the rest of the connection (RFC 5161 §3.1), which must not have a folder open. What the server does not offer is not
 * asked for. `connection.enabled` knows the result from then on.
 * @returns those that are on now, QRESYNC together with the CONDSTORE that it implies (RFC 7162 §3.2.3)
 * @throws {Failure}
 */
export async function enable(
  connection: ImapConnection,
  wanted: readonly Extension[],
): Promise<ReadonlySet<string>> {
  const offered = wanted.filter((word) => connection.has(word) && !connection.enabled.has(word));
  if (offered.length === 0 || !connection.has("ENABLE")) return connection.enabled;
  await run(
    connection,
    { name: "ENABLE", pieces: [`ENABLE ${offered.join(" ")}`] },
    {
      untagged: (response) => {
        if (response.kind !== "data" || response.name !== "ENABLED") return false;
        const words = lineOf(response).toUpperCase().split(" ");
        // Only what was asked for: a server that invents extensions would change how its own answers are read.
        const on = offered.filter((word) => words.includes(word));
        connection.addEnabled(on.includes("QRESYNC") ? [...on, "CONDSTORE"] : on);
        return true;
      },
    },
  );
  return connection.enabled;
}
