import type { FolderName } from "../../../model/ledger.ts";

/** A folder as a reader lists it. */
export interface ReaderFolder {
  readonly name: FolderName;
  /** Whether it can hold messages: neither `\Noselect` nor `\NonExistent`. */
  readonly selectable: boolean;
  /** Its name without the server's prefix, level by level, in octets. */
  readonly levels: readonly FolderName[];
  /** It only shows messages of other folders. */
  readonly isView: boolean;
}

/** The folder that is open, as EXAMINE describes it. */
export interface OpenedFolder {
  readonly uidValidity: number;
  readonly exists: number;
}

/** What one message shows of itself without its contents. */
export interface ReaderMessage {
  readonly uid: number;
  /** RFC822.SIZE, octets. */
  readonly size: number;
  /** Without \Recent. */
  readonly flags: readonly string[];
  /** INTERNALDATE in seconds since 1970. */
  readonly internalDate: number;
  /** The trimmed field value; `null` where there is none or it was not asked for. */
  readonly messageId: string | null;
}

/** What the contents of a message come to, so that two servers' copies can be compared. */
export interface MessageDigest {
  readonly uid: number;
  /** Octets that the server delivered. */
  readonly octets: number;
  /** SHA-256 of the octets, hexadecimal. */
  readonly exact: string;
  /** SHA-256 after the changes that servers force on messages: see `ContentDigest`. */
  readonly mended: string;
  /** SHA-256 of what is sent to a server that refuses the message as it is, once it is mended: see `ContentDigest`. */
  readonly remedied: string;
}

/**
 * Reads one account on one server and changes nothing there (EXAMINE, BODY.PEEK). One folder is open at a time. Every
 * method throws a `Failure` of the side it was opened for.
 */
export interface Reader {
  /** Which client reads: the independent library, or imbarco's own. */
  readonly client: "imapflow" | "own";
  folders(): Promise<ReaderFolder[]>;
  open(folder: FolderName): Promise<OpenedFolder>;
  /** All messages of the open folder. Consume it whole before the next call. */
  messages(options: { readonly messageId: boolean }): AsyncIterable<ReaderMessage>;
  /** The contents of some messages of the open folder, hashed as they arrive; a message that is gone is left out. */
  digests(wanted: readonly { readonly uid: number; readonly size: number }[]): AsyncIterable<MessageDigest>;
  close(): Promise<void>;
}
