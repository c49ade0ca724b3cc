import type { ClientTls } from "../model/client-tls.ts";
import type { Endpoint } from "../model/endpoint.ts";
import { proxyHeader } from "../wire/proxy-protocol.ts";

/** For whom a connection to the target is opened: what its logs and its brakes on wrong passwords are to go by. */
export interface Origin {
  /** Of the client, IPv4 in its own form, without a zone. */
  readonly address: string;
  readonly port: number;
  /** Names our session in the target's logs. */
  readonly session: string;
  /** How often the login may still be passed on (`x-proxy-ttl`, XCLIENT TTL). */
  readonly hops: number;
  /** The name that an SMTP client gave itself; `null` in other protocols. */
  readonly hello: string | null;
  /** Tells what protects the client's connection to us; absent = nothing does. */
  readonly tls?: (() => ClientTls) | undefined;
}

/** Whether the client's address is told in the protocol's own way: ID, XCLIENT. */
export function isToldInProtocol(endpoint: Endpoint): boolean {
  return (endpoint.clientAddress ?? "auto") === "auto";
}

/** What a socket knows of its far end. */
interface FarEnd {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/**
 * The octets that go before everything else on a connection to `endpoint`: a PROXY header for `origin`, or for ourselves where we come for nobody; `undefined` where
 * the server wants none. Whether TLS protects the client goes into it, so that a Dovecot that takes no password in clear takes this one.
 */
export function prefaceFor(
  endpoint: Endpoint,
  origin: Origin | null | undefined,
): ((socket: FarEnd) => Buffer) | undefined {
  if (endpoint.clientAddress !== "proxy") return undefined;
  return ({ remoteAddress, remotePort }) => {
    const client = origin ? { address: origin.address, port: origin.port } : null;
    const server = { address: remoteAddress ?? "", port: remotePort ?? endpoint.port };
    // A server that hears of TLS has it already: Dovecot (2.4) then refuses the STARTTLS that is ours to send.
    const tls = endpoint.tls === "starttls" ? null : origin?.tls?.();
    return proxyHeader(client, server, tls);
  };
}
