import type { TlsMode } from "./endpoint.ts";

/** What a listener speaks: IMAP (RFC 9051), POP3 (RFC 1939), submission (RFC 6409), ManageSieve (RFC 5804). */
export const PROTOCOLS = ["imap", "pop3", "submission", "sieve"] as const;
export type ProtocolName = (typeof PROTOCOLS)[number];

/** Registered ports: in clear or with STARTTLS, and with TLS from the first byte (RFC 8314 §7). ManageSieve has no second one (RFC 5804 §1.8). */
const PORTS: Readonly<Record<ProtocolName, { readonly clear: number; readonly implicit: number }>> = {
  imap: { clear: 143, implicit: 993 },
  pop3: { clear: 110, implicit: 995 },
  submission: { clear: 587, implicit: 465 },
  sieve: { clear: 4190, implicit: 4190 },
};

/** The port of a server where none is named. */
export function usualPort(protocol: ProtocolName, tls: TlsMode): number {
  return tls === "implicit" ? PORTS[protocol].implicit : PORTS[protocol].clear;
}
