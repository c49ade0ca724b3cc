import { printable } from "../kit/text.ts";
import { endpointName } from "../model/endpoint.ts";

/** Where a connection attempt failed: on the way, in the TLS handshake, or at the certificate, which only a person can mend. */
export type ConnectReason = "network" | "timeout" | "tls" | "certificate";

/** A connection could not be made or protected. The message names the host and what is wrong. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  readonly reason: ConnectReason;
  /** Whether the server's TLS is too old or its keys are too small for what we ask. */
  readonly tooWeak: boolean;

  constructor(
    reason: ConnectReason,
    message: string,
    options: { readonly cause?: unknown; readonly tooWeak?: boolean } = {},
  ) {
    super(message, options);
    this.reason = reason;
    this.tooWeak = options.tooWeak ?? false;
  }
}

/** What OpenSSL calls a server, or is called by one, that does not reach TLS 1.2 and keys of 112 bits. */
const TOO_WEAK: Readonly<Record<string, string>> = {
  ERR_SSL_UNSUPPORTED_PROTOCOL: "it only speaks versions before TLS 1.2",
  ERR_SSL_WRONG_SSL_VERSION: "it only speaks versions before TLS 1.2",
  ERR_SSL_VERSION_TOO_LOW: "it only speaks versions before TLS 1.2",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "it only speaks versions before TLS 1.2",
  ERR_SSL_TLS_ALERT_PROTOCOL_VERSION: "it only speaks versions before TLS 1.2",
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: "it finds no cipher that it knows, or wants something else of old",
  "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE":
    "it finds no cipher that it knows, or wants something else of old",
  ERR_SSL_NO_SHARED_CIPHER: "it knows none of our ciphers",
  ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY: "it finds no cipher that it knows",
  ERR_SSL_EE_KEY_TOO_SMALL: "the key of its certificate is too small",
  ERR_SSL_CA_KEY_TOO_SMALL: "the key of its certificate's issuer is too small",
  ERR_SSL_CA_MD_TOO_WEAK: "its certificate is signed in a way that can be forged",
  ERR_SSL_DH_KEY_TOO_SMALL: "its Diffie-Hellman group is too small",
  ERR_SSL_BAD_DH_VALUE: "its Diffie-Hellman group is too small",
  ERR_TLS_DH_PARAM_SIZE: "its Diffie-Hellman group is too small",
  ERR_SSL_WRONG_SIGNATURE_TYPE: "it signs the handshake in a way that can be forged",
  ERR_SSL_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED: "it signs the handshake in a way that can be forged",
  ERR_SSL_UNSAFE_LEGACY_RENEGOTIATION_DISABLED: "it does not know secure renegotiation (RFC 5746)",
  // Node has no codes for what the verification of a chain says of keys: all of it is UNSPECIFIED, with OpenSSL's words.
  "EE certificate key too weak": "the key of its certificate is too small",
  "CA certificate key too weak": "the key of its certificate's issuer is too small",
  "CA signature digest algorithm too weak": "its certificate is signed in a way that can be forged",
};

interface Peer {
  readonly host: string;
  readonly port: number;
}

const NETWORK_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there (connection refused)",
  ECONNRESET: "it closed the connection",
  EPIPE: "it closed the connection",
  EHOSTUNREACH: "there is no way to that host",
  ENETUNREACH: "there is no way to that network",
  ETIMEDOUT: "it does not answer",
  ENOTFOUND: "there is no such host name in the DNS",
  EAI_AGAIN: "the DNS does not answer",
};

const CERTIFICATE_WORDS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "comes from an authority that is not trusted here",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "comes from an authority that is not trusted here, or intermediate certificates are missing",
  UNABLE_TO_GET_ISSUER_CERT: "comes from an authority that is not trusted here",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "comes from an authority that is not trusted here",
  CERT_HAS_EXPIRED: "has expired",
  CERT_NOT_YET_VALID: "is not valid yet",
  CERT_REVOKED: "is revoked",
  CERT_SIGNATURE_FAILURE: "has a wrong signature",
  CERT_UNTRUSTED: "is not trusted",
  CERT_REJECTED: "is rejected",
  INVALID_CA: "comes from something that is no authority",
  INVALID_PURPOSE: "is not made for servers",
  PATH_LENGTH_EXCEEDED: "has a chain that is too long",
  HOSTNAME_MISMATCH: "is made for another host name",
  ERR_TLS_CERT_ALTNAME_INVALID: "is made for another host name",
};

/** What a socket's error means, in words. */
export function connectError(peer: Peer, error: Error): ConnectError {
  if (error instanceof ConnectError) return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const name = endpointName(peer);
  const weakness = TOO_WEAK[code === "UNSPECIFIED" ? error.message : code];
  if (weakness !== undefined)
    return new ConnectError("tls", `the TLS of ${name} is too weak: ${weakness}`, {
      cause: error,
      tooWeak: true,
    });
  const certificate = CERTIFICATE_WORDS[code];
  if (certificate) {
    // Node's `reason` tells which names stand in the certificate.
    const detail =
      "reason" in error && typeof error.reason === "string" ? `: ${printable(error.reason)}` : "";
    return new ConnectError("certificate", `the certificate of ${name} ${certificate}${detail}`, {
      cause: error,
    });
  }
  if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_") || code === "EPROTO") {
    return new ConnectError("tls", `TLS with ${name} failed: ${tlsWords(error, code)}`, { cause: error });
  }
  // Node tries all addresses of a name and gives the errors of all of them together, without a message.
  const words = NETWORK_WORDS[code] ?? printable(error.message || code || "no reason given");
  const reason = code === "ETIMEDOUT" ? "timeout" : "network";
  return new ConnectError(reason, `cannot connect to ${name}: ${words}`, { cause: error });
}

/** Without OpenSSL's file names and numbers: the cause has them. */
function tlsWords(error: Error, code: string): string {
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER") return "what answers there is no TLS";
  return printable("reason" in error && typeof error.reason === "string" ? error.reason : error.message);
}
