import type { FolderName } from "../../model/ledger.ts";
import type { Untagged } from "../../wire/imap/response.ts";
import { itemsOf, readValues, textOf } from "../../wire/imap/value.ts";
import { protocolFault } from "../failures.ts";
import type { ImapConnection } from "./connection.ts";
import { run } from "./run.ts";

export interface ListedFolder {
  readonly name: FolderName;
  /** One character; `null` = folders hold no folders. */
  readonly separator: string | null;
  /** Lower case with the backslash: `\noselect`, `\sent`, … without `\subscribed`. */
  readonly attributes: readonly string[];
  readonly subscribed: boolean;
}

/** Nobody has that many folders; a server that goes on for ever has. */
const FOLDER_LIMIT = 200_000;

/**
 * All folders of the account, each once, in the server's order: by LIST-EXTENDED (RFC 5258) with special uses (RFC 6154) where offered, else by
 * LIST and LSUB.
 * @throws {Failure}
 */
export async function listFolders(connection: ImapConnection): Promise<ListedFolder[]> {
  if (connection.has("LIST-EXTENDED")) {
    const wanted = connection.has("SPECIAL-USE") ? "SUBSCRIBED SPECIAL-USE" : "SUBSCRIBED";
    return [...(await list(connection, "LIST", `LIST "" "*" RETURN (${wanted})`)).values()];
  }
  const folders = await list(connection, "LIST", 'LIST "" "*"');
  const subscribed = await list(connection, "LSUB", 'LSUB "" "*"');
  return [...folders.values()].map((folder) => ({
    ...folder,
    subscribed: isSubscribed(subscribed.get(folder.name)),
  }));
}

/** RFC 3501 §6.3.9: a \Noselect of LSUB only stands for the folders below it. */
function isSubscribed(folder: ListedFolder | undefined): boolean {
  return folder !== undefined && !folder.attributes.includes("\\noselect");
}

async function list(
  connection: ImapConnection,
  name: "LIST" | "LSUB",
  command: string,
): Promise<Map<string, ListedFolder>> {
  const folders = new Map<string, ListedFolder>();
  await run(
    connection,
    { name, pieces: [command] },
    {
      untagged: (response) => {
        const folder = folderOf(response, name);
        if (folder === null) return false;
        folders.set(folder.name, merged(folders.get(folder.name), folder));
        if (folders.size > FOLDER_LIMIT)
          throw protocolFault(connection, `lists more than ${FOLDER_LIMIT} folders`);
        return true;
      },
    },
  );
  return folders;
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
