import { deflateStream } from "../../../net/deflate-stream.ts";
import { protocolFault, quote } from "../../failures.ts";
import type { ImapConnection } from "../connection/connection.ts";

/** When to compress: where it pays, wherever it is offered, or nowhere. */
export type CompressMode = "auto" | "always" | "never";

/**
 * Compresses a connection in both directions where the server offers that (COMPRESS=DEFLATE, RFC 4978). The one that was given must not be used
 * any more; bounds, capabilities, login and what was enabled go over. A compressed connection cannot be given to the relay.
 * @returns the connection to go on with: the same one where the server does not offer it, or will not (RFC 4978 §3)
 * @throws {Failure} when the connection is lost
 */
export async function compressed(connection: ImapConnection): Promise<ImapConnection> {
  if (!connection.has(CAPABILITY)) return connection;
  const answer = await connection.send({ name: "COMPRESS", pieces: ["COMPRESS DEFLATE"] }).done;
  if (answer.status === "BAD")
    throw protocolFault(connection, `offers COMPRESS and does not understand it: ${quote(answer)}`);
  if (answer.status === "NO") return connection;
  const over = connection.goOnOver(({ socket, leftover }) => deflateStream(socket, leftover));
  over.setCapabilities([...connection.capabilities].filter((word) => word !== CAPABILITY).join(" "));
  return over;
}

const CAPABILITY = "COMPRESS=DEFLATE";

/** A server that answers sooner stands in the same house or region, where the wire carries more than a server can compress. */
const FAR_MS = 10;

/**
 * A wire that gives one connection more is faster than the server's DEFLATE: 6 MB/s of a core at zlib's usual level, 20 MB/s at its quickest, for
 * attachments in base64, which shrink by a quarter only. Text shrinks to a third at several times that speed.
 */
const SLOW_OCTETS_PER_SECOND = 8_000_000;

/**
 * Whether compression pays toward a server, by how long it takes to answer and, where that is known from what was fetched, by how many octets a
 * second one connection has brought.
 */
export function shouldCompress(how: {
  readonly mode: CompressMode;
  readonly roundTripMs: number;
  readonly octetsPerSecond?: number | null;
}): boolean {
  if (how.mode !== "auto") return how.mode === "always";
  const isSlow = (how.octetsPerSecond ?? 0) < SLOW_OCTETS_PER_SECOND;
  return how.roundTripMs >= FAR_MS && isSlow;
}
