import { printable } from "../../kit/text.ts";
import type { FolderName } from "../../model/ledger.ts";
import { folderArgument } from "../../wire/imap/encode.ts";
import type { Tagged } from "../../wire/imap/response.ts";
import type { ImapConnection } from "./connection.ts";
import { isStorableFlag } from "./flags.ts";

export interface OutgoingMessage {
  /** What no server takes (\Recent, unknown system flags, what is no atom) is left out: see `isStorableFlag`. */
  readonly flags: readonly string[];
  /** As `fetchMetadata` gave it. */
  readonly internalDate: string;
  /** Octets that `body` gives, exactly. */
  readonly size: number;
  readonly body: AsyncIterable<Buffer>;
}

export type AppendResult =
  /** Both `null` where the server has no UIDPLUS (RFC 4315). */
  | { readonly kind: "stored"; readonly uidValidity: number | null; readonly uid: number | null }
  /** Any answer but OK, lasting or not. `code` in upper case: OVERQUOTA, TRYCREATE, UNAVAILABLE, …; `text` in the server's words, printable. */
  | { readonly kind: "refused"; readonly code: string | null; readonly text: string };

export interface AppendHandle {
  /** The last octet is written, so the next append may be sent. Settles too when the server refused before it wanted the body. */
  readonly sent: Promise<void>;
  /** @throws {Failure} when the connection is lost first: whether the message was stored is not known then */
  readonly done: Promise<AppendResult>;
}

/**
 * Stores a message in `folder` (RFC 9051 §6.3.12). Several may be in flight; each is written whole before the next begins, no faster than the
 * server takes it. When `body` throws or does not give `size` octets, the connection is of no further use and is closed.
 */
export function appendMessage(
  connection: ImapConnection,
  folder: FolderName,
  message: OutgoingMessage,
): AppendHandle {
  const date = appendDate(message.internalDate);
  if (date === null) {
    const text = `the source gave "${printable(message.internalDate, 60)}" as the message's date, which is none`;
    return { sent: Promise.resolve(), done: Promise.resolve({ kind: "refused", code: null, text }) };
  }
  const flags = message.flags.filter(isStorableFlag).join(" ");
  const pieces = [
    "APPEND ",
    folderArgument(folder),
    ` (${flags}) "${date}" `,
    { size: message.size, body: message.body },
  ];
  const handle = connection.send({ name: "APPEND", pieces, limitMs: null });
  const done = handle.done.then(resultOf);
  // Whoever waits for `sent` only must not be ended by a rejection of `done`.
  done.catch(() => undefined);
  return { sent: handle.sent, done };
}

function resultOf(answer: Tagged): AppendResult {
  if (answer.status !== "OK") {
    const word = answer.status === "BAD" ? "BAD: " : "";
    return { kind: "refused", code: answer.code?.name ?? null, text: printable(`${word}${answer.text}`) };
  }
  const uids =
    answer.code?.name === "APPENDUID" ? /^([0-9]{1,10}) ([0-9]{1,10})$/.exec(answer.code.text) : null;
  if (uids === null) return { kind: "stored", uidValidity: null, uid: null };
  return { kind: "stored", uidValidity: Number(uids[1]), uid: Number(uids[2]) };
}

/** RFC 9051 §9, date-time. Some servers forget to pad the day. */
function appendDate(internalDate: string): string | null {
  const date = internalDate.replace(/^([0-9]-)/, " $1");
  return /^[ 0-3][0-9]-[A-Za-z]{3}-[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}$/.test(date)
    ? date
    : null;
}
