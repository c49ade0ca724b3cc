import net from "node:net";
import type tls from "node:tls";
import { type Endpoint, endpointName } from "../model/endpoint.ts";
import type { ProtocolName } from "../model/protocol.ts";
import { socketReady } from "./socket-ready.ts";
import { upgradeClient } from "./starttls.ts";
import { connectInPlace } from "./target-socket.ts";

/** Silence after which TCP asks whether the server still lives. */
const KEEP_ALIVE_MS = 120_000;

export interface DialOptions {
  /** What is spoken inside implicit TLS; `imap` where it is not said. */
  readonly protocol?: ProtocolName | undefined;
  /** Longest time until the connection stands, and again until its TLS handshake is done. */
  readonly connectLimitMs: number;
  /** Ends the attempt; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Own address to connect from, where the machine has several. */
  readonly localAddress?: string | undefined;
  /** Whether the connection may end up in a relay, which then takes what it reads in place (`inPlaceOf`). */
  readonly forRelay?: boolean | undefined;
  /** Octets that go before everything else, TLS included: a PROXY header. */
  readonly preface?: ((socket: net.Socket) => Buffer) | undefined;
}

/**
 * Connects to `endpoint`, with TLS from the first byte where it is `implicit`. With `starttls` the caller upgrades later (`upgradeClient`).
 * The socket sends at once (no Nagle) and survives the other side's half-close, as a relay wants it: whoever reads it must handle `end`.
 * @throws {ConnectError} with the host and what is wrong; the signal's reason when it aborts
 */
export async function dial(endpoint: Endpoint, options: DialOptions): Promise<net.Socket | tls.TLSSocket> {
  const { signal, connectLimitMs, localAddress } = options;
  const way = {
    host: endpoint.host,
    port: endpoint.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    allowHalfOpen: true,
    ...(localAddress === undefined ? {} : { localAddress }),
  };
  // TLS takes the octets before anybody else could.
  const inPlace = options.forRelay === true && endpoint.tls === "none";
  const socket = inPlace ? connectInPlace(way) : net.connect(way);
  const what = `connecting to ${endpointName(endpoint)}`;
  await socketReady(socket, "connect", endpoint, { what, limitMs: connectLimitMs, signal });
  if (options.preface) socket.write(options.preface(socket));
  if (endpoint.tls !== "implicit") return socket;
  return upgradeClient(socket, endpoint, {
    handshakeLimitMs: connectLimitMs,
    signal,
    protocol: options.protocol,
  });
}
