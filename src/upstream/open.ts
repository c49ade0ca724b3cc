import type net from "node:net";
import type tls from "node:tls";
import { withDeadline } from "../kit/deadline.ts";
import type { Log } from "../log/log.ts";
import type { Endpoint } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import { ConnectError } from "../net/connect-error.ts";
import { dial } from "../net/dial.ts";
import { upgradeClient } from "../net/starttls.ts";
import { connectFailure, ungreeted } from "./connect-failure.ts";
import { protocolFault, unreachable } from "./failures.ts";
import { refreshCapabilities } from "./imap/commands/capability.ts";
import { type ConnectionDeps, ImapConnection } from "./imap/connection/connection.ts";
import { offersInGreeting } from "./imap/greeting.ts";
import { AFTER_LOGIN, BEFORE_LOGIN, type UpstreamLimits } from "./limits.ts";
import { type Origin, prefaceFor } from "./origin.ts";
import type { Side } from "./side.ts";

export interface OpenOptions {
  /** For whom the connection is opened; absent = for ourselves. */
  readonly origin?: Origin | undefined;
  /** Ends the attempt; its reason is thrown. It has no meaning once the connection stands. */
  readonly signal?: AbortSignal | undefined;
  /** Own address to connect from, where the machine has several. */
  readonly sourceAddress?: string | undefined;
  /** In place of the usual bounds, for tests. */
  readonly limits?: Partial<UpstreamLimits> | undefined;
}

/**
 * Connects to an IMAP server up to the point where a login can be sent: protected as `endpoint.tls` says, its capabilities asked for
 * under that protection. Nothing that was said before TLS is kept, and without the TLS that was asked for there is no connection (RFC 9051 §11.1).
 * @throws {Failure} `-unreachable`, `-limit` or `-protocol` of this side, naming the host and what to do; the signal's reason when it aborts
 */
export async function openImap(
  deps: { readonly log: Log; readonly instance?: string | undefined },
  side: Side,
  endpoint: Endpoint,
  options: OpenOptions = {},
): Promise<ImapConnection> {
  const limits = {
    before: { ...BEFORE_LOGIN, ...options.limits },
    after: { ...AFTER_LOGIN, ...options.limits },
  };
  const { signal } = options;
  const attempt: Attempt = { side, endpoint, limits, signal, instance: deps.instance };
  try {
    const socket = await dial(endpoint, {
      preface: prefaceFor(endpoint, options.origin),
      connectLimitMs: limits.before.connectLimitMs,
      signal,
      localAddress: options.sourceAddress,
    });
    const connection =
      endpoint.tls === "starttls" ? await startTls(attempt, socket) : await greeted(attempt, socket);
    if (connection.capabilities.size === 0)
      await closingOnFailure(attempt, connection, () =>
        refreshCapabilities(connection, limits.before.greetingLimitMs),
      );
    deps.log.debug(
      { event: "upstream.open", side, host: endpoint.host, port: endpoint.port, tls: endpoint.tls },
      `connected to the ${side}`,
    );
    return connection;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw error instanceof ConnectError ? connectFailure(attempt, error) : error;
  }
}

interface Attempt extends Omit<ConnectionDeps, "socket"> {
  readonly signal: AbortSignal | undefined;
  /** Our own name in greetings. */
  readonly instance: string | undefined;
}

/** A connection whose server has said that it is ready. */
async function greeted(attempt: Attempt, socket: net.Socket | tls.TLSSocket): Promise<ImapConnection> {
  const connection = new ImapConnection({ ...attempt, socket });
  await closingOnFailure(attempt, connection, async () => {
    const limitMs = attempt.limits.before.greetingLimitMs;
    const greeting = await withDeadline(connection.greeting(), "the greeting", limitMs).catch(
      (error: unknown) => {
        if (!(error instanceof Failure))
          throw unreachable(attempt, `sent no greeting within ${limitMs / 1000} s`, error);
        throw error.kind === `${attempt.side}-unreachable` ? ungreeted(attempt, error) : error;
      },
    );
    const offers = offersInGreeting(attempt, greeting, attempt.instance);
    if (offers !== null) connection.setCapabilities(offers);
  });
  return connection;
}

/** RFC 9051 §6.2.1. The connection in clear and its reader end with the OK; TLS gets new ones. */
async function startTls(attempt: Attempt, socket: net.Socket): Promise<ImapConnection> {
  const clear = await greeted(attempt, socket);
  const detached = await closingOnFailure(attempt, clear, async () => {
    const limitMs = attempt.limits.before.greetingLimitMs;
    const answer = await clear.send({ name: "STARTTLS", pieces: ["STARTTLS"], limitMs }).done;
    if (answer.status !== "OK") {
      throw protocolFault(
        attempt,
        "does not offer STARTTLS, and nothing is sent to it in clear: try TLS from the first byte (port 993, --tls implicit)",
      );
    }
    return clear.detach();
  });
  const unread = detached.leftover.length + detached.socket.readableLength;
  if (unread > 0) {
    detached.socket.destroy();
    throw protocolFault(
      attempt,
      `sent ${unread} octets in clear behind its OK to STARTTLS: somebody may be interfering with the connection`,
    );
  }
  const secured = await upgradeClient(detached.socket, attempt.endpoint, {
    handshakeLimitMs: attempt.limits.before.connectLimitMs,
    signal: attempt.signal,
  });
  return new ImapConnection({ ...attempt, socket: secured });
}

/** Does one step with a connection; it is closed when the step fails or the caller wants no more. */
async function closingOnFailure<T>(
  attempt: Attempt,
  connection: ImapConnection,
  step: () => Promise<T>,
): Promise<T> {
  const onAbort = () => connection.close();
  attempt.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    attempt.signal?.throwIfAborted();
    return await step();
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    attempt.signal?.removeEventListener("abort", onAbort);
  }
}
