import type net from "node:net";
import tls from "node:tls";
import { type Endpoint, endpointName } from "../model/endpoint.ts";
import type { ProtocolName } from "../model/protocol.ts";
import { ConnectError } from "./connect-error.ts";
import { READ_AHEAD_OCTETS } from "./listen.ts";
import type { ServerTls } from "./server-tls.ts";
import { socketReady } from "./socket-ready.ts";
import { clientTlsOptions, pinFault } from "./tls.ts";

/** As in clear; an option that Node takes here and does not document. */
const READ_AHEAD = { highWaterMark: READ_AHEAD_OCTETS };

export interface UpgradeOptions {
  readonly handshakeLimitMs: number;
  /** Ends the handshake; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

export interface ClientUpgradeOptions extends UpgradeOptions {
  /** What is spoken inside; `imap` where it is not said. */
  readonly protocol?: ProtocolName | undefined;
}

/**
 * TLS on a connection that we opened: behind the server's OK to STARTTLS, or at once (implicit TLS). The caller has removed its listeners and
 * holds no octet that came behind the OK. On failure the socket is destroyed.
 * @throws {ConnectError} `certificate` or `tls`; the signal's reason when it aborts
 */
export async function upgradeClient(
  socket: net.Socket,
  endpoint: Endpoint,
  options: ClientUpgradeOptions,
): Promise<tls.TLSSocket> {
  refuseUnread(socket, socket.readableLength, endpointName(endpoint));
  const secured = tls.connect({ ...clientTlsOptions(endpoint, options.protocol), socket });
  const what = `the TLS handshake with ${endpointName(endpoint)}`;
  await socketReady(secured, "secureConnect", endpoint, {
    what,
    limitMs: options.handshakeLimitMs,
    signal: options.signal,
  });
  const fault = pinFault(endpoint, secured);
  if (fault !== null) {
    secured.destroy();
    throw fault;
  }
  return secured;
}

/**
 * TLS behind our OK to STARTTLS, on a connection that we accepted. The caller has removed its listeners. On failure the socket is destroyed.
 * @param unread octets that the caller has read behind the command: a single one is an injection (CVE-2011-0411) and ends the connection
 * @throws {ConnectError} `tls` when the handshake fails; the signal's reason when it aborts
 */
export async function upgradeServer(
  socket: net.Socket,
  serverTls: ServerTls,
  protocol: ProtocolName,
  unread: Buffer,
  options: UpgradeOptions,
): Promise<tls.TLSSocket> {
  const peer = endpointName(clientOf(socket));
  refuseUnread(socket, unread.length + socket.readableLength, peer);
  if (socket.readableEnded) {
    // Its end has been read already and would not come again.
    socket.destroy();
    throw new ConnectError("network", `${peer} ended before its TLS handshake`);
  }
  return acceptTls(socket, serverTls, protocol, options);
}

/** As `upgradeServer`, for a listener that speaks TLS from the first byte: what has arrived already is the handshake. */
export async function acceptTls(
  socket: net.Socket,
  serverTls: ServerTls,
  protocol: ProtocolName,
  options: UpgradeOptions,
): Promise<tls.TLSSocket> {
  const client = clientOf(socket);
  const secured = new tls.TLSSocket(socket, {
    isServer: true,
    ...serverTls.options(protocol),
    ...READ_AHEAD,
  });
  // Without a `tls.Server` Node tells of a record that is no TLS by this event alone, and neither ends the connection nor reads on.
  secured.on("_tlsError", (error: Error) => secured.destroy(error));
  const what = `the TLS handshake with ${endpointName(client)}`;
  await socketReady(secured, "secure", client, {
    what,
    limitMs: options.handshakeLimitMs,
    signal: options.signal,
  });
  return secured;
}

function clientOf(socket: net.Socket): { host: string; port: number } {
  return { host: socket.remoteAddress ?? "a client that is gone", port: socket.remotePort ?? 0 };
}

/** What came in clear before the handshake is an injection: nothing of it may be used inside TLS. */
function refuseUnread(socket: net.Socket, unread: number, peer: string): void {
  if (unread === 0) return;
  socket.destroy();
  throw new ConnectError("tls", `${peer} sent ${unread} octets in clear where only TLS may follow`);
}
