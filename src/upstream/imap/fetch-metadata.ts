import type { ImapConnection } from "./connection.ts";

export interface MessageMetadata {
  readonly uid: number;
  /** Without \Recent, as the server spells them. */
  readonly flags: readonly string[];
  /** The server's text exactly. */
  readonly internalDate: string;
  /** RFC822.SIZE. Some servers lie: the literal's length rules. */
  readonly size: number;
  /** Raw value of the header field, trimmed; `null` = none, or not asked for. */
  readonly messageId: string | null;
}

/** What the open folder says of its messages, in the server's order, with bounded memory. `uidSet` as in `1:*` or `4,7:9`. */
export function fetchMetadata(
  _connection: ImapConnection,
  _uidSet: string,
  _options: { readonly messageId?: boolean } = {},
): AsyncIterable<MessageMetadata> {
  throw new Error("not yet");
}
