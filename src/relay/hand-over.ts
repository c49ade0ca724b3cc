import type net from "node:net";
import { RELAY_LIMITS } from "./limits.ts";
import { type InPlace, type Relay, splice } from "./splice.ts";

/** A connection that its former user has given away: paused, without listeners, with what nobody has read yet. */
export interface HandedOver {
  readonly socket: net.Socket;
  readonly unread: Buffer;
  /** How to take what the socket reads in place, where that is possible. */
  readonly inPlace?: InPlace | null;
}

/**
 * The moment from which nothing is parsed any more. In this order, with no byte lost: the client hears `answer`, then what
 * the target had sent behind its own answer; the target gets what the client had sent behind its login; then both are
 * joined.
 */
export function handOver(client: HandedOver, target: HandedOver, answer: string): Relay {
  for (const { socket } of [client, target]) {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, RELAY_LIMITS.keepAliveMs);
    socket.setTimeout(0);
  }
  client.socket.write(answer, "latin1");
  return splice({ ...client, ownsBuffers: true }, { ...target, ownsBuffers: true });
}
