import { randomUUID } from "node:crypto";
import type net from "node:net";
import { invariant } from "../kit/invariant.ts";
import { causeChain, Failure } from "../model/failure.ts";
import type { IpNetwork } from "../model/ip.ts";
import type { ProtocolName } from "../model/protocol.ts";
import { ClientStream } from "../net/client-stream.ts";
import { ConnectError } from "../net/connect-error.ts";
import { acceptTls } from "../net/starttls.ts";
import { LIMITS } from "../wire/limits.ts";
import { Conversation, type ConversationDeps } from "./conversation.ts";
import type { Protocol } from "./protocol.ts";
import { protocolOf } from "./protocols.ts";
import { balancedClient, type ClientEnds, isBalanced, ownEnds, ProxyHeaderError } from "./proxy-header.ts";
import type { Admission, LiveSession, SessionRegistry, StopReason } from "./registry.ts";

export type SessionDeps = ConversationDeps & { readonly registry: SessionRegistry };

/** What a listener grants its clients. */
export interface ListenerPolicy {
  readonly protocol: ProtocolName;
  readonly tls: "starttls" | "implicit" | "none";
  /** Whether a password may come without TLS: never, from this machine, or always. */
  readonly plaintextLogin: "never" | "loopback" | "always";
  /** Networks of load balancers, whose PROXY header is required and believed. */
  readonly proxyProtocol?: readonly IpNetwork[];
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
  const comesByBalancer = isBalanced(socket, listener.proxyProtocol ?? []);
  const ends = comesByBalancer ? await introduced(deps, socket, listener) : ownEnds(socket);
  if (ends === null) return;
  const stopping = new AbortController();
  const session = newSession(listener.protocol, ends, socket, stopping);
  const startedMs = performance.now();
  const admission = deps.registry.admit(session);
  const { id, client, protocol } = session;
  const { via } = ends;
  const { tls } = listener;
  // Fields one by one, of which those that are undefined are not written: a child of the log, or spreading, costs as much as the line.
  deps.log.info(
    { event: "session.open", session: id, client, via, protocol, tls },
    "A client has connected.",
  );
  let ending: Ending = { reason: "fault", toTarget: 0, toClient: 0 };
  let causes: string[] | undefined;
  try {
    ending = admission
      ? await converse(deps, session, ends, admission, socket, listener, stopping.signal)
      : await turnAway(socket, listener, deps.registry);
  } catch (thrown) {
    socket.destroy();
    causes = causeChain(thrown);
    if (thrown instanceof ConnectError) ending = { ...ending, reason: "TLS failed" };
    else if (stopping.signal.aborted) ending = { ...ending, reason: session.stoppedFor };
  } finally {
    admission?.leave();
  }
  const seconds = Math.round(performance.now() - startedMs) / 1000;
  const { reason, account, domain, toTarget, toClient } = ending;
  const who = { event: "session.close", session: id, client, via, protocol };
  const fields = { ...who, reason, account, domain, toTarget, toClient, seconds, causes };
  if (reason === "fault") deps.log.error(fields, "A session ended by a fault of imbarco's own.");
  else deps.log.info(fields, "A session has ended.");
}

/** For whom a load balancer comes, before anything else is said; `null` where it does not say so, and the connection is closed. */
async function introduced(
  deps: SessionDeps,
  socket: net.Socket,
  listener: ListenerPolicy,
): Promise<ClientEnds | null> {
  const { protocol } = listener;
  const isHeard = deps.registry.awaitHeader();
  try {
    if (isHeard === null) throw new ProxyHeaderError("too many connections wait for their PROXY header");
    return await balancedClient(socket);
  } catch (error) {
    socket.destroy();
    const causes = causeChain(error);
    deps.log.warn(
      { event: "listener.error", client: socket.remoteAddress, protocol, causes },
      "A connection was closed for want of a PROXY header.",
    );
    return null;
  } finally {
    isHeard?.();
  }
}

async function converse(
  deps: SessionDeps,
  session: Session,
  ends: ClientEnds,
  admission: Admission,
  socket: net.Socket,
  listener: ListenerPolicy,
  signal: AbortSignal,
): Promise<Ending> {
  const secure = listener.tls === "implicit";
  const caller = {
    session: session.id,
    client: ends.via === undefined ? session.client : { ...session.client, via: ends.via },
    plaintextLogin: mayLogInPlain(listener, ends),
    startTls: listener.tls === "starttls",
  };
  const connected = secure ? await secured(deps, socket, listener.protocol, signal) : socket;
  // Not kept in a variable: a relay may go on for days and needs nothing of the conversation.
  const protocol: Protocol = protocolOf(listener.protocol);
  const end = await new Conversation(protocol, deps, caller, connected, secure, signal).run();
  if (end.kind === "over") {
    const reason = signal.aborted ? session.stoppedFor : end.reason;
    return { reason, toTarget: 0, toClient: 0 };
  }
  const { account, domain, relay } = end;
  session.account = account;
  session.counts = relay.counts;
  admission.loggedIn();
  const { lastWords } = protocol;
  const stop = () => {
    const { relayShutdown, relayKicked = relayShutdown, targetSends } = lastWords;
    relay.stop(session.stoppedFor === "kicked" ? relayKicked : relayShutdown, targetSends);
  };
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  const { endedBy, toTarget, toClient } = await relay.done;
  const reason = endedBy === "us" ? session.stoppedFor : `${endedBy} ended`;
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
  const isHeard = listener.tls === "implicit" ? null : registry.turnAway();
  if (isHeard === null) socket.destroy();
  else
    await new ClientStream(socket, LIMITS)
      .finish(registry.draining ? words.shutdown : words.crowded)
      .finally(isHeard);
  return { reason, toTarget: 0, toClient: 0 };
}

function mayLogInPlain(listener: ListenerPolicy, { isLocal }: ClientEnds): boolean {
  switch (listener.plaintextLogin) {
    case "never":
      return false;
    case "loopback":
      return isLocal;
    case "always":
      return true;
  }
}

/** The session as the registry knows it; some things are found out later. */
type Session = Omit<LiveSession, "account" | "counts"> & {
  account: string | null;
  counts: LiveSession["counts"];
  /** Why it was stopped, if it was. */
  stoppedFor: StopReason;
};

const nothingPassed: LiveSession["counts"] = () => ({ toTarget: 0, toClient: 0 });

function newSession(
  protocol: ProtocolName,
  { address, port }: ClientEnds,
  socket: net.Socket,
  stopping: AbortController,
): Session {
  const openedMs = Date.now();
  const session: Session = {
    // Twelve digits that are all random; Node keeps such in store.
    id: randomUUID().slice(-12),
    protocol,
    client: { address, port },
    get openedAt() {
      return new Date(openedMs).toISOString();
    },
    account: null,
    counts: nothingPassed,
    stoppedFor: "shutdown",
    stop: (why) => {
      session.stoppedFor = why;
      stopping.abort(new Failure("shutting-down", "the session was told to end"));
      // Its place is taken: last words would keep it for as long as the client does not fetch them.
      if (why === "crowded") socket.destroy();
    },
  };
  return session;
}
