import { Failure } from "../../model/failure.ts";
import type { FolderName } from "../../model/ledger.ts";
import { folderArgument } from "../../wire/imap/encode.ts";
import { numberOf, pairsOf, readValues, textOf, type Value } from "../../wire/imap/value.ts";
import { protocolFault } from "../failures.ts";
import type { ImapConnection } from "./connection.ts";
import { isSameFolder } from "./folder-name.ts";
import { run } from "./run.ts";

export interface FolderStatus {
  readonly messages: number | null;
  readonly uidNext: number | null;
  readonly uidValidity: number | null;
  /** Decimal text: may exceed 2^53. */
  readonly highestModSeq: string | null;
  /** Octets, where the server offers STATUS=SIZE (RFC 8438). */
  readonly size: number | null;
}

/**
 * What the server says of a folder without opening it (RFC 9051 §6.3.11).
 * @throws {CommandRefusedError} when there is no such folder, or none that holds messages
 */
export async function folderStatus(connection: ImapConnection, name: FolderName): Promise<FolderStatus> {
  const items = ["MESSAGES", "UIDNEXT", "UIDVALIDITY"];
  if (connection.has("CONDSTORE") || connection.has("QRESYNC")) items.push("HIGHESTMODSEQ");
  const found = await askForSizeToo(connection, name, items);
  if (found.size === 0)
    throw protocolFault(connection, "answered STATUS without saying anything of the folder");
  return {
    messages: numberOf(found.get("MESSAGES")),
    uidNext: numberOf(found.get("UIDNEXT")),
    uidValidity: numberOf(found.get("UIDVALIDITY")),
    highestModSeq: textOf(found.get("HIGHESTMODSEQ")),
    size: numberOf(found.get("SIZE")),
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
        if (response.kind !== "data" || response.name !== "STATUS") return false;
        const [folder, values] = readValues(response.rest);
        const answered = folder?.kind === "atom" ? folder.text : textOf(folder);
        if (answered === null || !isSameFolder(answered, name)) return false;
        for (const [item, value] of pairsOf(values)) found.set(item, value);
        return true;
      },
    },
  );
  return found;
}
