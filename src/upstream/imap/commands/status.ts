import { Failure } from "../../../model/failure.ts";
import type { FolderName } from "../../../model/ledger.ts";
import { folderArgument } from "../../../wire/imap/encode.ts";
import type { Untagged } from "../../../wire/imap/response.ts";
import { numberOf, pairsOf, readValues, textOf, type Value } from "../../../wire/imap/value.ts";
import { protocolFault } from "../../failures.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { run } from "../connection/run.ts";
import { isSameFolder } from "../folder-name.ts";
import { modSequenceOf } from "../mod-sequence.ts";

export interface FolderStatus {
  readonly messages: number | null;
  readonly uidNext: number | null;
  readonly uidValidity: number | null;
  /** Decimal text: may exceed 2^53. `null` where the folder has none. */
  readonly highestModSeq: string | null;
  /** Octets, where the server offers STATUS=SIZE (RFC 8438). */
  readonly size: number | null;
}

/**
 * What the server says of a folder without opening it (RFC 9051 §6.3.11).
 * @throws {CommandRefusedError} when there is no such folder, or none that holds messages
 */
export async function folderStatus(connection: ImapConnection, name: FolderName): Promise<FolderStatus> {
  const found = await askForSizeToo(connection, name, statusItems(connection));
  if (found.size === 0)
    throw protocolFault(connection, "answered STATUS without saying anything of the folder");
  return statusOf(found);
}

/** What is asked for besides the size. */
export function statusItems(connection: ImapConnection): string[] {
  const items = ["MESSAGES", "UIDNEXT", "UIDVALIDITY"];
  if (connection.has("CONDSTORE") || connection.has("QRESYNC")) items.push("HIGHESTMODSEQ");
  return items;
}

/** A STATUS response: its folder and its items; `null` for every other. */
export function readStatus(
  response: Untagged,
): { readonly name: FolderName; readonly items: Map<string, Value> } | null {
  if (response.kind !== "data" || response.name !== "STATUS") return null;
  const [folder, values] = readValues(response.rest);
  const name = folder?.kind === "atom" ? folder.text : textOf(folder);
  return name === null ? null : { name, items: pairsOf(values) };
}

/** The items of a STATUS response in our words. */
export function statusOf(items: ReadonlyMap<string, Value>): FolderStatus {
  return {
    messages: numberOf(items.get("MESSAGES")),
    uidNext: numberOf(items.get("UIDNEXT")),
    uidValidity: numberOf(items.get("UIDVALIDITY")),
    highestModSeq: modSequenceOf(textOf(items.get("HIGHESTMODSEQ"))),
    size: numberOf(items.get("SIZE")),
  };
}

/** One message that it cannot read keeps a server from adding up the sizes (Dovecot says SERVERBUG): the rest it knows nevertheless. */
async function askForSizeToo(
  connection: ImapConnection,
  name: FolderName,
  items: readonly string[],
): Promise<Map<string, Value>> {
  if (!connection.has("STATUS=SIZE")) return await ask(connection, name, items);
  try {
    return await ask(connection, name, [...items, "SIZE"]);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // A connection that is lost says so once more.
    return await ask(connection, name, items);
  }
}

async function ask(
  connection: ImapConnection,
  name: FolderName,
  items: readonly string[],
): Promise<Map<string, Value>> {
  const found = new Map<string, Value>();
  await run(
    connection,
    { name: "STATUS", pieces: ["STATUS ", folderArgument(name), ` (${items.join(" ")})`] },
    {
      untagged: (response) => {
        const status = readStatus(response);
        if (status === null || !isSameFolder(status.name, name)) return false;
        for (const [item, value] of status.items) found.set(item, value);
        return true;
      },
    },
  );
  return found;
}
