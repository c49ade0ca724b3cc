import type net from "node:net";
import { type IpNetwork, isInside } from "../model/ip.ts";
import { isLoopback, plainAddress } from "../model/network.ts";
import { LIMITS } from "../wire/limits.ts";
import { ProxyHeaderReader, type ProxyRead } from "../wire/proxy-protocol.ts";

/** Who a client is, as far as it is believed. */
export interface ClientEnds {
  /** IPv4 in its own form. */
  readonly address: string;
  readonly port: number;
  /** The load balancer that told us so; absent where the connection is the client's own. */
  readonly via?: string;
  /** Whether the octets of the client come straight from this machine itself, in clear over no wire. */
  readonly isLocal: boolean;
}

/** A load balancer did not say for whom it comes. `message` is for the log. */
export class ProxyHeaderError extends Error {
  override readonly name = "ProxyHeaderError";
}

/** The connection's own address. */
export function ownEnds(socket: net.Socket): ClientEnds {
  const address = plainAddress(socket.remoteAddress ?? "unknown");
  return { address, port: socket.remotePort ?? 0, isLocal: isLoopback(address) };
}

/** Whether a connection comes from a load balancer, whose header is to be read. From elsewhere a header is garbage like any other. */
export function isBalanced(socket: net.Socket, networks: readonly IpNetwork[]): boolean {
  return networks.length > 0 && isInside(networks, ownEnds(socket).address);
}

/**
 * For whom a load balancer comes. Exactly the octets of the PROXY header are taken: what came behind it waits in the socket for the next reader, be it a TLS
 * handshake.
 * @param socket fresh from `listen`, paused; paused again afterwards
 * @throws {ProxyHeaderError} where the header is missing, wrong or late; the socket is the caller's to close
 */
export async function balancedClient(socket: net.Socket): Promise<ClientEnds> {
  const own = ownEnds(socket);
  const client = await readHeader(socket);
  // The balancer's own connections (LOCAL, health checks), or it does not know: a password in clear may have come over any wire.
  if (client === null) return { ...own, via: own.address, isLocal: false };
  const address = plainAddress(client.address);
  // An address of the balancer's loopback is no address of this machine's, unless the balancer runs here.
  return { address, port: client.port, via: own.address, isLocal: own.isLocal && isLoopback(address) };
}

function readHeader(socket: net.Socket): Promise<Extract<ProxyRead, { kind: "header" }>["client"]> {
  const reader = new ProxyHeaderReader();
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      socket.pause();
      socket.off("data", onData).off("end", onEnd).off("close", onEnd).off("error", onError);
      // Whoever comes next listens for errors; until then a broken connection must not end the process.
      socket.on("error", showsAtTheNextRead);
    };
    const fail = (why: string, cause?: Error): void => {
      end();
      const from = plainAddress(socket.remoteAddress ?? "a balancer that is gone");
      reject(new ProxyHeaderError(`${from} is one of proxyProtocol, and ${why}`, { cause }));
    };
    const onData = (octets: Buffer): void => {
      const read = reader.push(octets);
      if (read.kind === "more") return;
      if (read.kind === "bad") {
        fail(`its connection has no sound PROXY header: ${read.why}`);
        return;
      }
      end();
      if (read.rest.length > 0) socket.unshift(read.rest);
      resolve(read.client);
    };
    const onEnd = () => fail("its connection ended before the PROXY header was whole");
    const onError = (error: Error) => fail("its connection broke before the PROXY header was whole", error);
    const timer = setTimeout(
      () => fail(`it sent no whole PROXY header within ${LIMITS.proxyHeaderMs / 1000} s (proxyHeaderMs)`),
      LIMITS.proxyHeaderMs,
    );
    socket.on("data", onData).on("end", onEnd).on("close", onEnd).on("error", onError);
    if (socket.destroyed) onEnd();
    else socket.resume();
  });
}

function showsAtTheNextRead(): void {
  // A broken socket is destroyed too, and that shows.
}
