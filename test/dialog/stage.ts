import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { createLog } from "../../src/log/log.ts";
import type { Login, LoginGrant, LoginRequest } from "../../src/login/login.ts";
import type { ProtocolName } from "../../src/model/protocol.ts";
import { listen } from "../../src/net/listen.ts";
import { type PreLoginBounds, preLoginBounds, SessionRegistry } from "../../src/session/registry.ts";
import { type ListenerPolicy, serveSession } from "../../src/session/session.ts";
import type { TargetSession } from "../../src/upstream/target-session.ts";
import { makeCertificates } from "../kit/certs.ts";
import { ScriptPeer } from "../kit/script-server.ts";
import { serverTlsOf } from "../kit/server-tls.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";

/** What the clients of each protocol name in their TLS hello. */
const ALPN: Readonly<Record<ProtocolName, string>> = {
  imap: "imap",
  pop3: "pop3",
  submission: "smtp",
  sieve: "managesieve",
};

/** PEM texts: what the session shows, and the authority that the client believes. */
export interface TlsPair {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Sessions on a real port of loopback, with a login of the test's own. */
export interface Stage {
  readonly registry: SessionRegistry;
  /** The sessions' ends of the connections, in the order they came. */
  readonly accepted: readonly Socket[];
  /** A client that is connected (inside TLS where it is implicit) and has not read its greeting. */
  connect(): Promise<ScriptPeer>;
  /** A bare TCP connection, from one of this machine's addresses. */
  knock(from?: string): Promise<Socket>;
  /** All that was logged so far. */
  log(): string;
  /** Breaks all connections and waits until every session has ended. */
  close(): Promise<void>;
}

export async function makeTlsPair(): Promise<TlsPair> {
  const folder = await makeTempFolder("dialog");
  const { ca, certFile, keyFile } = await makeCertificates(folder);
  const pair = { ca, cert: await readFile(certFile, "utf8"), key: await readFile(keyFile, "utf8") };
  await removeTempFolder(folder);
  return pair;
}

export async function setStage(
  listener: ListenerPolicy,
  tls: TlsPair,
  login: Login,
  offers: readonly string[] = [],
  bounds: PreLoginBounds = preLoginBounds(1),
): Promise<Stage> {
  const registry = new SessionRegistry(null, bounds);
  let logged = "";
  const log = createLog({ level: "debug", stream: { write: (line) => (logged += line) } });
  const deps = {
    login,
    log,
    hostname: "mail.test",
    serverTls: serverTlsOf(tls),
    offers: () => offers,
    registry,
  };
  const sessions: Promise<void>[] = [];
  const clients: Socket[] = [];
  const accepted: Socket[] = [];
  const door = await listen(
    { host: "127.0.0.1", port: 0 },
    (socket) => {
      accepted.push(socket);
      sessions.push(serveSession(deps, socket, listener));
    },
    (error) => log.error(error),
  );
  const knock = async (from = "127.0.0.1") => {
    const ends = { port: door.port, host: "127.0.0.1", localAddress: from };
    const socket = connect({ ...ends, allowHalfOpen: true, noDelay: true });
    clients.push(socket);
    await once(socket, "connect");
    return socket;
  };
  return {
    registry,
    accepted,
    knock,
    connect: async () => {
      const socket = await knock();
      return listener.tls === "implicit" ? secure(socket, tls, listener.protocol) : new ScriptPeer(socket);
    },
    log: () => logged,
    close: async () => {
      for (const socket of clients) socket.resetAndDestroy();
      await door.close();
      await Promise.all(sessions);
    },
  };
}

/** TLS on a client's connection, after STARTTLS or from the first octet. */
export async function secure(
  socket: Socket,
  tls: TlsPair,
  protocol: ProtocolName = "imap",
): Promise<ScriptPeer> {
  const secured = connectTls({
    socket,
    ca: tls.ca,
    servername: "localhost",
    ALPNProtocols: [ALPN[protocol]],
  });
  await once(secured, "secureConnect");
  return new ScriptPeer(secured);
}

/** Whether nothing was said but, perhaps, an alert of TLS in clear (RFC 8446 §6). */
export function isAlertAtMost(said: string): boolean {
  return said === "" || (said.startsWith("\x15\x03") && said.length === 7);
}

/** A mailbox whose server is a script: `leftover` is what it sends in the same packet as its greeting. */
export async function grantTo(
  request: LoginRequest,
  port: number,
  options: { readonly capability: string | null; readonly leftover: string; readonly skip: number },
): Promise<LoginGrant> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  const peer = new ScriptPeer(socket);
  await peer.octets(options.skip + options.leftover.length);
  const target = {
    detach: () => ({ socket: peer.detach().socket, leftover: Buffer.from(options.leftover, "latin1") }),
    close: () => socket.destroy(),
  };
  const account = request.user.toString("latin1");
  // What the session needs of a connection: to give its socket away, or to close it.
  return {
    account,
    domain: "test",
    target: target as unknown as TargetSession,
    capability: options.capability,
  };
}
