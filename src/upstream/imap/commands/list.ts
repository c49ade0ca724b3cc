import { Failure } from "../../../model/failure.ts";
import type { FolderName } from "../../../model/ledger.ts";
import type { Untagged } from "../../../wire/imap/response.ts";
import { itemsOf, readValues, textOf } from "../../../wire/imap/value.ts";
import { protocolFault } from "../../failures.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { run } from "../connection/run.ts";
import { CommandRefusedError } from "../refusal.ts";
import { type FolderStatus, readStatus, statusItems, statusOf } from "./status.ts";

export interface ListedFolder {
  readonly name: FolderName;
  /** One character; `null` = folders hold no folders. */
  readonly separator: string | null;
  /** Lower case with the backslash: `\noselect`, `\sent`, … without `\subscribed`. */
  readonly attributes: readonly string[];
  readonly subscribed: boolean;
  /** Where it was asked for: `null` = the server did not say it together with the list, so `folderStatus` must ask. */
  readonly status?: FolderStatus | null;
}

/** Nobody has that many folders; a server that goes on for ever has. */
const FOLDER_LIMIT = 200_000;

/**
 * All folders of the account, each once, in the server's order: by LIST-EXTENDED (RFC 5258) with special uses (RFC 6154) where offered, else by
 * LIST and LSUB. With `status` their STATUS comes in the same command where the server can do that (RFC 5819).
 * @throws {Failure}
 */
export async function listFolders(
  connection: ImapConnection,
  options: { readonly status?: boolean } = {},
): Promise<ListedFolder[]> {
  if (connection.has("LIST-EXTENDED")) {
    const wanted = connection.has("SPECIAL-USE") ? "SUBSCRIBED SPECIAL-USE" : "SUBSCRIBED";
    if (options.status === true && connection.has("LIST-STATUS"))
      return [...(await listWithStatus(connection, wanted)).values()];
    return [...(await list(connection, "LIST", `LIST "" "*" RETURN (${wanted})`)).values()];
  }
  const folders = await list(connection, "LIST", 'LIST "" "*"');
  const subscribed = await list(connection, "LSUB", 'LSUB "" "*"');
  return [...folders.values()].map((folder) => ({
    ...folder,
    subscribed: isSubscribed(subscribed.get(folder.name)),
  }));
}

/**
 * RFC 5819 §2: a folder whose STATUS the server cannot say is only left out. Some servers refuse the whole command instead, mostly for a folder whose
 * size they cannot add up: then the sizes are not asked for, and at last no STATUS at all.
 */
async function listWithStatus(
  connection: ImapConnection,
  wanted: string,
): Promise<Map<FolderName, ListedFolder>> {
  const items = statusItems(connection);
  const tries = connection.has("STATUS=SIZE") ? [[...items, "SIZE"], items] : [items];
  for (const tried of tries) {
    try {
      const command = `LIST "" "*" RETURN (${wanted} STATUS (${tried.join(" ")}))`;
      return await list(connection, "LIST", command, true);
    } catch (error) {
      // A connection that is lost says so once more.
      if (!(error instanceof Failure || error instanceof CommandRefusedError)) throw error;
    }
  }
  return await list(connection, "LIST", `LIST "" "*" RETURN (${wanted})`);
}

/** RFC 3501 §6.3.9: a \Noselect of LSUB only stands for the folders below it. */
function isSubscribed(folder: ListedFolder | undefined): boolean {
  return folder !== undefined && !folder.attributes.includes("\\noselect");
}

async function list(
  connection: ImapConnection,
  name: "LIST" | "LSUB",
  command: string,
  withStatus = false,
): Promise<Map<FolderName, ListedFolder>> {
  const folders = new Map<FolderName, ListedFolder>();
  const statuses = new Map<FolderName, FolderStatus>();
  // A cold folder may cost seconds for its STATUS, and there may be thousands: as long as something moves.
  const bound = withStatus ? { limitMs: null } : {};
  await run(
    connection,
    { name, pieces: [command], ...bound },
    {
      untagged: (response) => {
        const status = withStatus ? readStatus(response) : null;
        if (status !== null) statuses.set(keyOf(status.name), statusOf(status.items));
        const folder = folderOf(response, name);
        if (folder !== null) folders.set(folder.name, merged(folders.get(folder.name), folder));
        if (folders.size > FOLDER_LIMIT || statuses.size > FOLDER_LIMIT)
          throw protocolFault(connection, `lists more than ${FOLDER_LIMIT} folders`);
        return status !== null || folder !== null;
      },
    },
  );
  if (!withStatus) return folders;
  // Put together at the end, since a folder's STATUS may come at any distance from its LIST.
  return new Map(
    [...folders].map(([key, folder]) => [key, { ...folder, status: statuses.get(keyOf(key)) ?? null }]),
  );
}

/** INBOX is the same in any case (RFC 9051 §5.1). */
function keyOf(name: FolderName): FolderName {
  return name.toUpperCase() === "INBOX" ? "INBOX" : name;
}

/** RFC 5258 §3: a server may say what it knows of a folder in several lines. */
function merged(known: ListedFolder | undefined, folder: ListedFolder): ListedFolder {
  if (known === undefined) return folder;
  const attributes = [...new Set([...known.attributes, ...folder.attributes])];
  return { ...folder, attributes, subscribed: known.subscribed || folder.subscribed };
}

function folderOf(response: Untagged, command: string): ListedFolder | null {
  if (response.kind !== "data" || response.name !== command) return null;
  const [attributeList, separator, nameValue] = readValues(response.rest);
  // A folder may be called NIL, and as an atom at that.
  const name = nameValue?.kind === "atom" ? nameValue.text : textOf(nameValue);
  if (name === null || name === "") return null;
  const attributes = itemsOf(attributeList).flatMap((item) => textOf(item)?.toLowerCase() ?? []);
  return {
    name,
    separator: textOf(separator) || null,
    attributes: attributes.filter((attribute) => attribute !== "\\subscribed"),
    subscribed: attributes.includes("\\subscribed"),
  };
}
