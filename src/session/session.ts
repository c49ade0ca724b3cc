import { randomBytes } from "node:crypto";
import type net from "node:net";
import { invariant } from "../kit/invariant.ts";
import { causeChain, Failure } from "../model/failure.ts";
import type { ProtocolName } from "../model/protocol.ts";
import { ClientStream } from "../net/client-stream.ts";
import { ConnectError } from "../net/connect-error.ts";
import { acceptTls } from "../net/starttls.ts";
import { LIMITS } from "../wire/limits.ts";
import { Conversation, type ConversationDeps } from "./conversation.ts";
import { isLoopback, plainAddress } from "./network.ts";
import type { Protocol } from "./protocol.ts";
import { protocolOf } from "./protocols.ts";
import type { Admission, LiveSession, SessionRegistry } from "./registry.ts";

export type SessionDeps = ConversationDeps & { readonly registry: SessionRegistry };

/** What a listener grants its clients. */
export interface ListenerPolicy {
  readonly protocol: ProtocolName;
  readonly tls: "starttls" | "implicit" | "none";
  /** Whether a password may come without TLS: never, from this machine, or always. */
  readonly plaintextLogin: "never" | "loopback" | "always";
}

/** What the log tells about the end of a session. */
interface Ending {
  readonly reason: string;
  readonly account?: string;
  readonly domain?: string;
  /** Octets relayed. */
  readonly toTarget: number;
  readonly toClient: number;
}

/**
 * One client from its connection to its end: the protocol up to the login, then a relay to the target. Never
 * throws; what went wrong is logged.
 * @param socket fresh from `listen`, paused
 */
export async function serveSession(
  deps: SessionDeps,
  socket: net.Socket,
  listener: ListenerPolicy,
): Promise<void> {
  const stopping = new AbortController();
  const session = newSession(listener.protocol, socket, stopping);
  const log = deps.log.child({ session: session.id });
  const startedMs = performance.now();
  const admission = deps.registry.admit(session);
  const { client, protocol } = session;
  log.info({ event: "session.open", client, protocol, tls: listener.tls }, "A client has connected.");
  let ending: Ending = { reason: "fault", toTarget: 0, toClient: 0 };
  let causes: string[] = [];
  try {
    ending = admission
      ? await converse({ ...deps, log }, session, admission, socket, listener, stopping.signal)
      : await turnAway(socket, listener, deps.registry);
  } catch (thrown) {
    socket.destroy();
    causes = causeChain(thrown);
    if (thrown instanceof ConnectError) ending = { ...ending, reason: "TLS failed" };
    else if (stopping.signal.aborted) ending = { ...ending, reason: "shutdown" };
  } finally {
    admission?.leave();
  }
  const seconds = Math.round(performance.now() - startedMs) / 1000;
  const fields = { event: "session.close", client, protocol, ...ending, seconds };
  if (ending.reason === "fault")
    log.error({ ...fields, causes }, "A session ended by a fault of imbarco's own.");
  else log.info(causes.length > 0 ? { ...fields, causes } : fields, "A session has ended.");
}

async function converse(
  deps: SessionDeps,
  session: Session,
  admission: Admission,
  socket: net.Socket,
  listener: ListenerPolicy,
  signal: AbortSignal,
): Promise<Ending> {
  const secure = listener.tls === "implicit";
  const caller = {
    session: session.id,
    client: session.client,
    plaintextLogin: mayLogInPlain(listener, session.client.address),
    startTls: listener.tls === "starttls",
  };
  const connected = secure ? await secured(deps, socket, listener.protocol, signal) : socket;
  // Not kept in a variable: a relay may go on for days and needs nothing of the conversation.
  const protocol: Protocol = protocolOf(listener.protocol);
  const end = await new Conversation(protocol, deps, caller, connected, secure, signal).run();
  if (end.kind === "over") return { reason: end.reason, toTarget: 0, toClient: 0 };
  const { account, domain, relay } = end;
  session.account = account;
  admission.loggedIn();
  const stop = () => relay.stop(protocol.lastWords.relayShutdown);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  const { endedBy, toTarget, toClient } = await relay.done;
  const reason = endedBy === "us" ? "shutdown" : `${endedBy} ended`;
  return { reason, account, domain, toTarget, toClient };
}

async function secured(
  deps: SessionDeps,
  socket: net.Socket,
  protocol: ProtocolName,
  signal: AbortSignal,
): Promise<net.Socket> {
  invariant(deps.serverTls, "a listener with implicit TLS has a certificate");
  return acceptTls(socket, deps.serverTls, protocol, { handshakeLimitMs: LIMITS.handshakeMs, signal });
}

/** No place for one more session: said where it costs nothing, which a TLS handshake would. */
async function turnAway(
  socket: net.Socket,
  listener: ListenerPolicy,
  registry: SessionRegistry,
): Promise<Ending> {
  const reason = registry.draining ? "shutdown" : "too many connections";
  const words = protocolOf(listener.protocol).lastWords;
  if (listener.tls === "implicit") socket.destroy();
  else await new ClientStream(socket, LIMITS).finish(registry.draining ? words.shutdown : words.crowded);
  return { reason, toTarget: 0, toClient: 0 };
}

function mayLogInPlain(listener: ListenerPolicy, address: string): boolean {
  switch (listener.plaintextLogin) {
    case "never":
      return false;
    case "loopback":
      return isLoopback(address);
    case "always":
      return true;
  }
}

/** The session as the registry knows it; only its account is found out later. */
type Session = Omit<LiveSession, "account"> & { account: string | null };

function newSession(protocol: ProtocolName, socket: net.Socket, stopping: AbortController): Session {
  return {
    id: randomBytes(6).toString("hex"),
    protocol,
    client: { address: plainAddress(socket.remoteAddress ?? "unknown"), port: socket.remotePort ?? 0 },
    openedAt: new Date().toISOString(),
    account: null,
    stop: () => stopping.abort(new Failure("shutting-down", "imbarco is shutting down")),
  };
}
