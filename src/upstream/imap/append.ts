import type { FolderName } from "../../model/ledger.ts";
import type { ImapConnection } from "./connection.ts";

export interface OutgoingMessage {
  /** What the target cannot take (\Recent, unknown system flags, no atoms) is left out: see `isStorableFlag`. */
  readonly flags: readonly string[];
  /** As `fetchMetadata` gave it. */
  readonly internalDate: string;
  /** Octets that `body` gives, exactly. */
  readonly size: number;
  readonly body: AsyncIterable<Buffer>;
}

export type AppendResult =
  /** Both `null` where the server has no UIDPLUS. */
  | { readonly kind: "stored"; readonly uidValidity: number | null; readonly uid: number | null }
  /** `code` in upper case: OVERQUOTA, TRYCREATE, LIMIT, TOOBIG, … */
  | { readonly kind: "refused"; readonly code: string | null; readonly text: string };

export interface AppendHandle {
  /** The last octet is written: the next append may be sent. Also settles when the server refused before the body was asked for. */
  readonly sent: Promise<void>;
  readonly done: Promise<AppendResult>;
}

/** Stores a message in `folder`. Several may be in flight; each is written whole before the next begins. */
export function appendMessage(_connection: ImapConnection, _folder: FolderName, _message: OutgoingMessage): AppendHandle {
  throw new Error("not yet");
}
