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
