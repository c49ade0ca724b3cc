import type { FolderName } from "./ledger.ts";

/** No server's folder is called so: names are octets (see `FolderName`), and this is none. */
const MARK = "\u2020";

/**
 * What the ledger calls a source folder from the moment on that its name belongs to another folder, or its messages to nobody. It is never listed at the source, so what
 * it holds counts as gone from there, and is known again wherever it turns up.
 * @param uidValidity of the folder that was
 * @param count tells apart those of one name and UIDVALIDITY
 */
export function setAsideName(source: FolderName, uidValidity: number, count = 0): FolderName {
  return `${MARK}${uidValidity}.${count} ${nameBefore(source)}`;
}

/** Whether it is a name that `setAsideName` has given. */
export function isSetAside(source: FolderName): boolean {
  return source.startsWith(MARK);
}

/** What the folder was called at the source. */
export function nameBefore(source: FolderName): FolderName {
  return isSetAside(source) ? source.slice(source.indexOf(" ") + 1) : source;
}
