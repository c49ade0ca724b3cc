import type { ImapFlow, ListResponse } from "imapflow";
import type { Hierarchy } from "../../../model/folder.ts";
import type { ReaderFolder } from "./reader.ts";
import { readerFolders } from "./reader-folders.ts";

/**
 * The library decodes folder names and encodes them again, and puts the namespace's prefix before them; a name in broken modified UTF-7
 * does not survive that. Where it believes that names are UTF-8 already, and knows of no prefix, it passes them on as they are. Gives the prefix that it knew.
 */
export function keepFolderNamesAsOctets(client: ImapFlow): Hierarchy | null {
  client.enabled.add("UTF8=ACCEPT");
  const { namespace } = client;
  if (!namespace) return null;
  client.namespace = { ...namespace, prefix: "" };
  return { prefix: namespace.prefix, separator: namespace.delimiter || null };
}

/** What the library has listed, under the namespace that it knew before its folder names were left alone. */
export function foldersOfLibrary(
  { capabilities }: ImapFlow,
  listed: readonly ListResponse[],
  namespace: Hierarchy | null,
): ReaderFolder[] {
  const facts = listed.map((folder) => ({
    name: folder.pathAsListed,
    separator: folder.delimiter || null,
    attributes: [...folder.flags].map((flag) => flag.toLowerCase()),
  }));
  return readerFolders(
    facts,
    capabilities.has("NAMESPACE") ? namespace : null,
    capabilities.has("X-GM-EXT-1"),
  );
}
