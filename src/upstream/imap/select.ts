import type { FolderName } from "../../model/ledger.ts";
import type { ImapConnection } from "./connection.ts";

export interface OpenedFolder {
  readonly exists: number;
  readonly uidNext: number | null;
  readonly uidValidity: number;
  readonly highestModSeq: string | null;
  /** As the server spells them, `\*` included; `null` = not said, so all may be kept (RFC 9051 §7.1). */
  readonly permanentFlags: readonly string[] | null;
  readonly readOnly: boolean;
}

/** @throws {FolderGoneError} on NO */
export function openFolder(_connection: ImapConnection, _name: FolderName, _mode: "examine" | "select"): Promise<OpenedFolder> {
  throw new Error("not yet");
}
