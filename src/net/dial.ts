import net from "node:net";
import type tls from "node:tls";
import { type Endpoint, endpointName } from "../model/endpoint.ts";
import type { ProtocolName } from "../model/protocol.ts";
import { socketReady } from "./socket-ready.ts";
import { upgradeClient } from "./starttls.ts";

export interface DialOptions {
  /** What is spoken inside implicit TLS; `imap` where it is not said. */
  readonly protocol?: ProtocolName | undefined;
  /** Longest time until the connection stands, and again until its TLS handshake is done. */
  readonly connectLimitMs: number;
  /** Ends the attempt; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Own address to connect from, where the machine has several. */
  readonly localAddress?: string | undefined;
}

/**
 * Connects to `endpoint`, with TLS from the first byte where it is `implicit`. With `starttls` the caller upgrades later (`upgradeClient`).
 * The socket sends at once (no Nagle) and survives the other side's half-close, as a relay wants it: whoever reads it must handle `end`.
 * @throws {ConnectError} with the host and what is wrong; the signal's reason when it aborts
 */
export async function dial(endpoint: Endpoint, options: DialOptions): Promise<net.Socket | tls.TLSSocket> {
  const { signal, connectLimitMs, localAddress } = options;
  const socket = net.connect({
    host: endpoint.host,
    port: endpoint.port,
    noDelay: true,
    keepAlive: true,
    allowHalfOpen: true,
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  const what = `connecting to ${endpointName(endpoint)}`;
  await socketReady(socket, "connect", endpoint, { what, limitMs: connectLimitMs, signal });
  if (endpoint.tls !== "implicit") return socket;
  return upgradeClient(socket, endpoint, {
    handshakeLimitMs: connectLimitMs,
    signal,
    protocol: options.protocol,
  });
}
