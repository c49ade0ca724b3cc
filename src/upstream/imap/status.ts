import type { FolderName } from "../../model/ledger.ts";
import type { ImapConnection } from "./connection.ts";

export interface FolderStatus {
  readonly messages: number | null;
  readonly uidNext: number | null;
  readonly uidValidity: number | null;
  /** Decimal text: may exceed 2^53. */
  readonly highestModSeq: string | null;
  /** Octets, where the server offers STATUS=SIZE. */
  readonly size: number | null;
}

/** @throws {CommandRefusedError} when the folder is not there */
export function folderStatus(_connection: ImapConnection, _name: FolderName): Promise<FolderStatus> {
  throw new Error("not yet");
}
