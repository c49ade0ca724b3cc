import { deflateStream } from "../../net/deflate-stream.ts";
import { protocolFault, quote } from "../failures.ts";
import type { ImapConnection } from "./connection.ts";

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

/**
 * A server that answers sooner stands in the same house or city, where the network carries 100 MB/s: that is more than a server's DEFLATE gives (30 to
 * 60 MB/s of a core that is wanted for mail), so the wire would be the faster one. Farther away a share of some MB/s is usual, and
 * mail shrinks to three quarters (attachments in base64) or a third (text).
 */
const FAR_MS = 8;

/** Whether compression pays toward a server, by how long it takes to answer. */
export function shouldCompress(how: { readonly mode: CompressMode; readonly roundTripMs: number }): boolean {
  return how.mode === "always" || (how.mode === "auto" && how.roundTripMs >= FAR_MS);
}
