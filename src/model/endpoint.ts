/** How a connection is protected: from the first byte, after STARTTLS, or not at all. */
export type TlsMode = "starttls" | "implicit" | "none";

/** A server that imbarco connects to. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  /** PEM of the authorities to believe instead of the machine's; `null` = the machine's. */
  readonly ca: string | null;
  /** Whether the certificate must be valid for `host`. Only false where an administrator said so in so many words. */
  readonly verify: boolean;
  /**
   * Certificates to believe, whatever their names, dates and issuers, and no others, as `parseFingerprint` gives them; none = `ca` and `verify` count.
   */
  readonly fingerprints?: readonly string[];
  /** Whether TLS may be as weak as an old server wants it: old versions, ciphers, small keys. Only for the source of a domain where an administrator said so. */
  readonly weakTls?: boolean;
  /** Servers of the target: how they are told for whom we come; `auto` where it is not said. */
  readonly clientAddress?: ClientAddress;
}

/**
 * How a server of the target hears of the client: `auto` in the protocol's own way where it is offered (IMAP ID, XCLIENT), `proxy` by a PROXY header before the first
 * octet, which that server must expect, `none` not at all.
 */
export const CLIENT_ADDRESS = ["auto", "proxy", "none"] as const;
export type ClientAddress = (typeof CLIENT_ADDRESS)[number];

/** Whether exactly the certificates that were named are believed. */
export function isPinned(endpoint: Endpoint): boolean {
  return (endpoint.fingerprints?.length ?? 0) > 0;
}

/** `host:port`, with brackets around an IPv6 address, as people write it. */
export function endpointName(endpoint: { readonly host: string; readonly port: number }): string {
  return endpoint.host.includes(":")
    ? `[${endpoint.host}]:${endpoint.port}`
    : `${endpoint.host}:${endpoint.port}`;
}

/**
 * What connections are counted by: the host. Its ports 143 and 993 are one server; another port is another one, since that is how several stand on one host.
 */
export function sourceName(endpoint: { readonly host: string; readonly port: number }): string {
  const host = endpoint.host.toLowerCase();
  return endpoint.port === 143 || endpoint.port === 993 ? host : endpointName({ host, port: endpoint.port });
}
