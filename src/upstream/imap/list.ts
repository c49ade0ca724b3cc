import type { FolderName } from "../../model/ledger.ts";
import type { ImapConnection } from "./connection.ts";

export interface ListedFolder {
  readonly name: FolderName;
  /** One character; `null` = flat. */
  readonly separator: string | null;
  /** Lower case with the backslash: `\noselect`, `\sent`, … without `\subscribed`. */
  readonly attributes: readonly string[];
  readonly subscribed: boolean;
}

/** All folders of the account, each once. */
export function listFolders(_connection: ImapConnection): Promise<ListedFolder[]> {
  throw new Error("not yet");
}
