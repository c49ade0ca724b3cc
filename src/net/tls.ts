import net from "node:net";
import type tls from "node:tls";
import type { Endpoint } from "../model/endpoint.ts";
import type { ProtocolName } from "../model/protocol.ts";

/** RFC 8996 forbids what is older. */
export const OLDEST_VERSION = "TLSv1.2";

/** The names that IANA has registered (RFC 7301 §6); for SMTP there is none. */
const ALPN: Readonly<Record<ProtocolName, readonly string[]>> = {
  imap: ["imap"],
  pop3: ["pop3"],
  submission: [],
  sieve: ["managesieve"],
};

/** What is said in the handshake of the protocol inside: against ALPACA, where a TLS connection is led to a server of another protocol. */
export function alpnOf(protocol: ProtocolName): readonly string[] {
  return ALPN[protocol];
}

/**
 * How we ask for TLS: the certificate must be valid for `endpoint.host` and come from `endpoint.ca` or the machine's authorities, unless `verify` is off.
 */
export function clientTlsOptions(endpoint: Endpoint, protocol: ProtocolName = "imap"): tls.ConnectionOptions {
  return {
    host: endpoint.host,
    // RFC 6066 §3: a literal address is no server name.
    ...(net.isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {}),
    ...(endpoint.ca === null ? {} : { ca: endpoint.ca }),
    rejectUnauthorized: endpoint.verify,
    minVersion: OLDEST_VERSION,
    ...(alpnOf(protocol).length === 0 ? {} : { ALPNProtocols: [...alpnOf(protocol)] }),
  };
}
