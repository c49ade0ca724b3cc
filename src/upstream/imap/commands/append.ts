import { printable } from "../../../kit/text.ts";
import type { FolderName } from "../../../model/ledger.ts";
import { folderArgument } from "../../../wire/imap/encode.ts";
import type { Tagged } from "../../../wire/imap/response.ts";
import type { ImapConnection } from "../connection/connection.ts";
import type { Body, BodyPiece } from "../connection/outgoing.ts";
import { GatedSupply, mapped, type Supply, supplyOf } from "../connection/supply.ts";
import { isStorableFlag } from "../flags.ts";
import { uidsOfSet } from "../uid-set.ts";

export interface OutgoingMessage {
  /** What no server takes (\Recent, unknown system flags, what is no atom) is left out: see `isStorableFlag`. */
  readonly flags: readonly string[];
  /** As `fetchMetadata` gave it. */
  readonly internalDate: string;
  /** Octets that `body` gives, exactly. */
  readonly size: number;
  readonly body: Body;
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

/** What a MULTIAPPEND came to: all of it or nothing (RFC 3502 §6.3.11). */
export type AppendManyResult =
  /** `uids` in the order of the messages; `null` where the server does not say them. */
  | { readonly kind: "stored"; readonly uidValidity: number | null; readonly uids: readonly number[] | null }
  | Extract<AppendResult, { kind: "refused" }>;

/**
 * Stores a message in `folder` (RFC 9051 §6.3.12). Several may be in flight; each is written whole before the next begins, no faster than the
 * server takes it. When `body` throws or does not give `size` octets, the connection is of no further use and is closed.
 * @param mayGo asked when it is the message's turn; the connection is closed when its promise rejects
 */
export function appendMessage(
  connection: ImapConnection,
  folder: FolderName,
  message: OutgoingMessage,
  mayGo: () => Promise<void> | undefined = () => undefined,
): AppendHandle {
  if (!isDate(message.internalDate))
    return { sent: Promise.resolve(), done: Promise.resolve(refusedForDate(message.internalDate)) };
  const pieces = [mayGo, "APPEND ", folderArgument(folder), bodyPiece(message)];
  const handle = connection.send({ name: "APPEND", pieces, limitMs: null });
  const done = handle.done.then((answer): AppendResult => {
    if (answer.status !== "OK") return refused(answer);
    const { uidValidity, uids } = appendUids(answer, 1);
    return { kind: "stored", uidValidity, uid: uids?.[0] ?? null };
  });
  // Whoever waits for `sent` only must not be ended by a rejection of `done`.
  done.catch(() => undefined);
  return { sent: handle.sent, done };
}

/**
 * Stores messages in one command, all or none (MULTIAPPEND, RFC 3502), written as they come. A server that refuses early is not sent those
 * that have not come yet. Only for messages that `isAppendable` lets pass, of which there must be one at least.
 * @param mayGo asked before each message; the connection is closed when its promise rejects
 */
export function appendMessages(
  connection: ImapConnection,
  folder: FolderName,
  messages: AsyncIterable<OutgoingMessage> | Supply<OutgoingMessage>,
  mayGo: () => Promise<void> | undefined = () => undefined,
): { readonly sent: Promise<void>; readonly done: Promise<AppendManyResult> } {
  let count = 0;
  const coming = mapped(new GatedSupply(supplyOf(messages), mayGo), (message) => {
    count += 1;
    return bodyPiece(message);
  });
  const pieces = ["APPEND ", folderArgument(folder)];
  const handle = connection.send({ name: "APPEND", pieces, coming, limitMs: null });
  const done = handle.done.then(
    (answer): AppendManyResult =>
      answer.status === "OK" ? { kind: "stored", ...appendUids(answer, count) } : refused(answer),
  );
  done.catch(() => undefined);
  return { sent: handle.sent, done };
}

/** Whether a message can be one of several: its date is one, and it is not empty, which would end the command (RFC 3502 §6.3.11). */
export function isAppendable(message: { readonly internalDate: string; readonly size: number }): boolean {
  return message.size > 0 && isDate(message.internalDate);
}

function bodyPiece(message: OutgoingMessage): BodyPiece {
  const flags = message.flags.filter(isStorableFlag).join(" ");
  const before = ` (${flags}) "${padded(message.internalDate)}" `;
  return { before, size: message.size, body: message.body };
}

function refusedForDate(internalDate: string): AppendResult {
  const text = `the source gave "${printable(internalDate, 60)}" as the message's date, which is none`;
  return { kind: "refused", code: null, text };
}

function refused(answer: Tagged): Extract<AppendResult, { kind: "refused" }> {
  const word = answer.status === "BAD" ? "BAD: " : "";
  return { kind: "refused", code: answer.code?.name ?? null, text: printable(`${word}${answer.text}`) };
}

/** RFC 4315 §3. UIDs of which there are not as many as messages tell nothing. */
function appendUids(
  answer: Tagged,
  count: number,
): { readonly uidValidity: number | null; readonly uids: readonly number[] | null } {
  const none = { uidValidity: null, uids: null };
  if (answer.code?.name !== "APPENDUID") return none;
  const [validity, set] = answer.code.text.split(" ");
  const uids = uidsOfSet(set ?? "", count);
  if (!/^[0-9]{1,10}$/.test(validity ?? "") || uids?.length !== count) return none;
  return { uidValidity: Number(validity), uids };
}

/** RFC 9051 §9, date-time. Some servers forget to pad the day. */
const DATE_TIME = /^(?:[ 0-3])?[0-9]-[A-Za-z]{3}-[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}$/;
const DATE_TIME_OCTETS = 26;

function isDate(internalDate: string): boolean {
  return DATE_TIME.test(internalDate);
}

function padded(date: string): string {
  return date.padStart(DATE_TIME_OCTETS);
}
