import net from "node:net";
import tls from "node:tls";
import type { Secret } from "../kit/secret.ts";
import type { Endpoint } from "../model/endpoint.ts";

/** RFC 8996 forbids what is older. */
const OLDEST_VERSION = "TLSv1.2";

/** RFC 7301; against ALPACA, where a TLS connection is led to a server of another protocol. */
export const IMAP_ALPN = "imap";

/**
 * How we ask for TLS: the certificate must be valid for `endpoint.host` and come from `endpoint.ca` or the machine's authorities, unless `verify` is off.
 */
export function clientTlsOptions(endpoint: Endpoint): tls.ConnectionOptions {
  return {
    host: endpoint.host,
    // RFC 6066 §3: a literal address is no server name.
    ...(net.isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {}),
    ...(endpoint.ca === null ? {} : { ca: endpoint.ca }),
    rejectUnauthorized: endpoint.verify,
    minVersion: OLDEST_VERSION,
    ALPNProtocols: [IMAP_ALPN],
  };
}

/** What our listeners show. @throws when certificate and key do not fit */
export function serverContext(pair: { readonly cert: string; readonly key: Secret }): tls.SecureContext {
  return tls.createSecureContext({ cert: pair.cert, key: pair.key.reveal(), minVersion: OLDEST_VERSION });
}
