import type { Untagged } from "../../../wire/imap/response.ts";
import { itemsOf, numberOf, textOf } from "../../../wire/imap/value.ts";
import type { ImapConnection } from "../connection/connection.ts";
import { fetchStream } from "../connection/fetch-stream.ts";
import { fetchValues } from "./fetch-metadata.ts";

export interface MessageFlags {
  readonly uid: number;
  /** Without \Recent, as the server spells them. */
  readonly flags: readonly string[];
}

/**
 * The flags of messages in the open folder, in the server's order (RFC 9051 §6.4.5). A UID may come again with other flags when somebody changes them
 * meanwhile: the last ones count. Memory is bounded, and a consumer may leave early.
 * @param uidSet as `1:*` or `4,7:9`; mind that `n:*` always names the last message (RFC 9051 §6.4.9)
 * @throws {Failure | CommandRefusedError} when the server does not give all of it
 */
export function fetchFlags(
  connection: ImapConnection,
  uidSet: string,
): AsyncGenerator<MessageFlags, void, undefined> {
  return fetchStream(connection, `UID FETCH ${uidSet} (UID FLAGS)`, readFlags);
}

/** A FETCH response with UID and FLAGS; `undefined` for every other. */
export function readFlags(response: Untagged): MessageFlags | undefined {
  const values = fetchValues(response);
  const uid = numberOf(values?.get("UID"));
  const flags = values?.get("FLAGS");
  if (uid === null || flags === undefined) return undefined;
  const words = itemsOf(flags).flatMap((flag) => textOf(flag) ?? []);
  return { uid, flags: words.filter((flag) => flag.toLowerCase() !== "\\recent") };
}
