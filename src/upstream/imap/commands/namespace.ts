import { itemsOf, readValues, textOf } from "../../../wire/imap/value.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { run } from "../connection/run.ts";
import { CommandRefusedError } from "../refusal.ts";

/** Where a person's own folders lie. */
export interface PersonalNamespace {
  /** In front of every name but INBOX, with its separator: `INBOX.`, or nothing. */
  readonly prefix: string;
  /** One character; `null` = folders hold no folders. */
  readonly separator: string | null;
}

/**
 * The first personal namespace (RFC 2342); `null` where the server does not offer the command or names none.
 * @throws {Failure}
 */
export async function personalNamespace(connection: ImapConnection): Promise<PersonalNamespace | null> {
  if (!connection.has("NAMESPACE")) return null;
  let found: PersonalNamespace | null = null;
  try {
    await run(
      connection,
      { name: "NAMESPACE", pieces: ["NAMESPACE"] },
      {
        untagged: (response) => {
          if (response.kind !== "data" || response.name !== "NAMESPACE") return false;
          const [prefix, separator] = itemsOf(itemsOf(readValues(response.rest)[0])[0]);
          if (prefix !== undefined)
            found = { prefix: textOf(prefix) ?? "", separator: textOf(separator) || null };
          return true;
        },
      },
    );
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
  }
  return found;
}
