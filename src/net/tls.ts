import { constants } from "node:crypto";
import net from "node:net";
import tls from "node:tls";
import { type Endpoint, endpointName, isPinned } from "../model/endpoint.ts";
import { parseFingerprint } from "../model/fingerprint.ts";
import type { ProtocolName } from "../model/protocol.ts";
import { ConnectError } from "./connect-error.ts";

/** RFC 8996 forbids what is older. */
export const OLDEST_VERSION = "TLSv1.2";

/** The names that IANA has registered (RFC 7301 §6); for SMTP there is none. */
const ALPN: Readonly<Record<ProtocolName, readonly string[]>> = {
  imap: ["imap"],
  pop3: ["pop3"],
  submission: [],
  sieve: ["managesieve"],
};

/** Names that clients use without registration, so that they are not turned away for them; Exim takes the same. */
const ALSO_ACCEPTED: Readonly<Partial<Record<ProtocolName, readonly string[]>>> = {
  submission: ["smtp", "esmtp"],
};

/** The names in a client's hello that mean this protocol, as OpenSSL is told. A client that gives no names is not asked about. */
export function acceptedAlpn(protocol: ProtocolName): DataView {
  return alpnNames([...ALPN[protocol], ...(ALSO_ACCEPTED[protocol] ?? [])]);
}

/**
 * Names as they stand in a hello (RFC 7301 §3.1). A view, since Node makes a copy for each connection: of a list or a Buffer it takes it from a pool of 64 KB, which a
 * handful of connections then keep in memory.
 */
function alpnNames(names: readonly string[]): DataView {
  const octets = names.flatMap((name) => [name.length, ...Buffer.from(name, "latin1")]);
  return new DataView(Uint8Array.from(octets).buffer);
}

/** What an old server may need and nobody else gets: all that OpenSSL still knows, except what proves or hides nothing. */
const WEAK: tls.ConnectionOptions = {
  minVersion: "TLSv1",
  ciphers: "ALL:!aNULL:!eNULL:!EXPORT:@SECLEVEL=0",
  minDHSize: 768,
  // Without the key share of ML-KEM, which makes the hello longer than some old servers can read.
  ecdhCurve: "X25519:P-256:P-384:P-521",
  // RFC 5746 §4.1: a server that has never heard of secure renegotiation; we never renegotiate.
  secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT,
};

/**
 * How we ask for TLS: the certificate must be valid for `endpoint.host` and come from `endpoint.ca` or the machine's authorities, unless `verify` is off.
 * With fingerprints OpenSSL checks nothing: whoever connects must ask `pinFault` before the first octet is sent.
 */
export function clientTlsOptions(endpoint: Endpoint, protocol: ProtocolName = "imap"): tls.ConnectionOptions {
  return {
    host: endpoint.host,
    // RFC 6066 §3: a literal address is no server name.
    ...(net.isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {}),
    ...(endpoint.ca === null ? {} : { ca: endpoint.ca }),
    rejectUnauthorized: endpoint.verify && !isPinned(endpoint),
    minVersion: OLDEST_VERSION,
    ...(ALPN[protocol].length === 0 ? {} : { ALPNProtocols: alpnNames(ALPN[protocol]) }),
    ...(endpoint.weakTls === true ? WEAK : {}),
  };
}

/** What is wrong with the certificate of a server whose fingerprint was given; `null` = nothing, or none was given. */
export function pinFault(endpoint: Endpoint, socket: tls.TLSSocket): ConnectError | null {
  if (!isPinned(endpoint)) return null;
  const shown = parseFingerprint(socket.getPeerX509Certificate()?.fingerprint256 ?? "");
  if (shown !== null && endpoint.fingerprints?.includes(shown)) return null;
  return new ConnectError(
    "certificate",
    `${endpointName(endpoint)} shows ${shown === null ? "no certificate" : `a certificate with the fingerprint ${shown}`} and not the one whose fingerprint was given (${endpoint.fingerprints?.join(", ")})`,
  );
}
