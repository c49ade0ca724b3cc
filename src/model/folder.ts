import type { FolderName } from "./ledger.ts";

/** A folder as a server lists it. */
export interface FolderFacts {
  readonly name: FolderName;
  /** One character; `null` = the server knows no levels. */
  readonly separator: string | null;
  /** Lower case with the backslash. */
  readonly attributes: readonly string[];
}

/** How a server arranges the folders of a person: `INBOX.` before every name at Courier, nothing at most others. */
export interface Hierarchy {
  readonly separator: string | null;
  readonly prefix: string;
}

/** RFC 9051 §5.1: INBOX is the one name that every spelling means. */
export function isInbox(name: FolderName): boolean {
  return name.toUpperCase() === "INBOX";
}

/** Whether a folder can hold messages; the others are levels of the tree only (RFC 9051 §7.3.1). */
export function isSelectable(folder: FolderFacts): boolean {
  return !folder.attributes.includes("\\noselect") && !folder.attributes.includes("\\nonexistent");
}

/** The name under which two spellings of the same folder are found: INBOX in any case is one folder. */
export function folderKey(name: FolderName): string {
  return isInbox(name) ? "INBOX" : name;
}

/**
 * What a listing tells of the hierarchy, for servers without NAMESPACE (RFC 2342): where all folders are called as children of INBOX,
 * that is the prefix and no level of its own (Courier, Cyrus).
 */
export function hierarchyOf(folders: readonly FolderFacts[]): Hierarchy {
  const separator = folders.find((folder) => folder.separator !== null)?.separator ?? null;
  if (separator === null) return { separator, prefix: "" };
  const others = folders.filter((folder) => !isInbox(folder.name));
  const prefix = `INBOX${separator}`;
  const allBelow =
    others.length > 0 && others.every((folder) => folder.name.toUpperCase().startsWith(prefix));
  return { separator, prefix: allBelow ? prefix : "" };
}

/** By octets: the same on every machine, whatever its locale. */
export function compareNames(a: FolderName, b: FolderName): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
