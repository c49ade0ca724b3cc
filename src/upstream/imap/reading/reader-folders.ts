import { type FolderFacts, type Hierarchy, hierarchyOf, isSelectable } from "../../../model/folder.ts";
import { levelsOf } from "../../../model/folder-names.ts";
import { isGmailView } from "../../../model/special-use.ts";
import type { ReaderFolder } from "./reader.ts";

/**
 * A listing as readers give it.
 * @param namespace what NAMESPACE (RFC 2342) says; `null` where the server does not say it
 */
export function readerFolders(
  listed: readonly FolderFacts[],
  namespace: Hierarchy | null,
  isGmail: boolean,
): ReaderFolder[] {
  const hierarchy = namespace ?? hierarchyOf(listed);
  return listed.map((folder) => ({
    name: folder.name,
    selectable: isSelectable(folder),
    levels: levelsOf(folder.name, hierarchy),
    isView: isGmail && isGmailView(folder),
  }));
}
