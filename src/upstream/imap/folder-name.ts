import type { FolderName } from "../../model/ledger.ts";

/** Whether two names mean the same folder: INBOX in any case (RFC 9051 §5.1), all others octet by octet. */
export function isSameFolder(a: FolderName, b: FolderName): boolean {
  return a === b || (a.toUpperCase() === "INBOX" && b.toUpperCase() === "INBOX");
}
