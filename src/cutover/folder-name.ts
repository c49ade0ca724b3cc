import { printable } from "../kit/text.ts";
import { decodeFolderName } from "../model/folder-text.ts";
import type { FolderName } from "../model/ledger.ts";

/** A folder name for a table or a log line: decoded, bounded, without control characters. */
export function shownFolderName(name: FolderName): string {
  return printable(decodeFolderName(name), 500);
}
