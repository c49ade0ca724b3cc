import type { ImapConnection } from "./connection.ts";

export interface FetchedMessage {
  readonly uid: number;
  /** Octets that `body` will give: the literal's length, whatever RFC822.SIZE said. */
  readonly size: number;
  readonly body: AsyncIterable<Buffer>;
}

export interface FetchedBodies {
  /** UIDs that were delivered, in the server's order. What is missing is gone at the server, or it could not read it. */
  readonly delivered: number[];
  /** The server's own words where it ended the command with NO. */
  readonly refusal: string | null;
}

/**
 * Streams messages of the open folder to `deliver`, one after the other, in the server's order. The server's socket is not read while `deliver` is
 * busy. What `deliver` leaves unread is skipped. When `deliver` throws, the connection is closed and the error passed on.
 */
export function fetchBodies(
  _connection: ImapConnection,
  _uids: readonly number[],
  _deliver: (message: FetchedMessage) => Promise<void>,
): Promise<FetchedBodies> {
  throw new Error("not yet");
}
