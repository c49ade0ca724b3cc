import type net from "node:net";
import type tls from "node:tls";
import type { Log } from "../log/log.ts";
import type { Endpoint } from "../model/endpoint.ts";
import type { ProtocolName } from "../model/protocol.ts";
import { ConnectError } from "../net/connect-error.ts";
import { dial } from "../net/dial.ts";
import { upgradeClient } from "../net/starttls.ts";
import { connectFailure } from "./connect-failure.ts";
import { protocolFault } from "./failures.ts";
import { BEFORE_LOGIN, type UpstreamLimits } from "./limits.ts";
import { LineConnection } from "./line-connection.ts";
import { type Origin, prefaceFor } from "./origin.ts";
import type { Side } from "./side.ts";

/** What a protocol does before a login can be sent. */
export interface LineDialogue {
  readonly protocol: ProtocolName;
  /** Reads the greeting. @throws {Failure} where the server is not ready for us */
  readonly greet: (connection: LineConnection) => Promise<void>;
  /** Asks for TLS, up to the server's OK. @throws {Failure} where it refuses */
  readonly askForTls: (connection: LineConnection) => Promise<void>;
}

export interface OpenLinesOptions {
  /** For whom the connection is opened; absent = for ourselves. */
  readonly origin?: Origin | undefined;
  /** Ends the attempt; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** In place of the usual bounds, for tests. */
  readonly limits?: Partial<UpstreamLimits> | undefined;
}

/**
 * Connects to a server of the target that speaks in lines, protected as `endpoint.tls` says. Nothing that was said before STARTTLS is kept, and without the TLS that was
 * asked for there is no connection. With `starttls` the server has not been greeted again: what the protocol asks first under TLS is the caller's next step.
 * @throws {Failure} `-unreachable`, `-limit` or `-protocol` of this side; the signal's reason when it aborts
 */
export async function openLines(
  deps: { readonly log: Log },
  side: Side,
  endpoint: Endpoint,
  dialogue: LineDialogue,
  options: OpenLinesOptions = {},
): Promise<LineConnection> {
  const { signal } = options;
  const limits = { ...BEFORE_LOGIN, ...options.limits };
  const { protocol } = dialogue;
  const { connectLimitMs } = limits;
  const opened = (socket: net.Socket | tls.TLSSocket) =>
    new LineConnection({ socket, side, endpoint, limits, signal });
  try {
    const preface = prefaceFor(endpoint, options.origin);
    const first = opened(await dial(endpoint, { connectLimitMs, signal, protocol, preface, forRelay: true }));
    await closingOnFailure(first, () => dialogue.greet(first));
    const connection =
      endpoint.tls === "starttls" ? opened(await secured(first, dialogue, limits, signal)) : first;
    deps.log.debug(
      { event: "upstream.open", side, protocol, host: endpoint.host, port: endpoint.port, tls: endpoint.tls },
      `connected to the ${side}`,
    );
    return connection;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw error instanceof ConnectError ? connectFailure({ side, endpoint }, error) : error;
  }
}

/** The connection in clear and what was said on it end with the server's OK. */
async function secured(
  clear: LineConnection,
  { askForTls, protocol }: LineDialogue,
  limits: UpstreamLimits,
  signal: AbortSignal | undefined,
): Promise<tls.TLSSocket> {
  await closingOnFailure(clear, () => askForTls(clear));
  const { socket, leftover } = clear.detach();
  const unread = leftover.length + socket.readableLength;
  if (unread > 0) {
    socket.destroy();
    throw protocolFault(
      clear,
      `sent ${unread} octets in clear behind its OK to STARTTLS: somebody may be interfering with the connection`,
    );
  }
  return upgradeClient(socket, clear.endpoint, { handshakeLimitMs: limits.connectLimitMs, signal, protocol });
}

/** Does one step with a connection, which is closed when the step fails. */
export async function closingOnFailure<T>(connection: LineConnection, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    connection.close();
    throw error;
  }
}
