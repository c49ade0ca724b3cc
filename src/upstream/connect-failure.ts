import { isPinned } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import type { ConnectError } from "../net/connect-error.ts";
import { type Peer, unreachable } from "./failures.ts";
import type { Side } from "./side.ts";
import { UngreetedError } from "./ungreeted.ts";

/** The server has taken the connection and closed it without a word: often its way to say that it has too many. */
export function ungreeted(peer: Peer, cause: unknown): Failure {
  return unreachable(
    peer,
    "closed the connection without a greeting: it may bear no more connections from this address",
    new UngreetedError("there was no greeting", { cause }),
  );
}

/** What a connection that could not be made or protected means, with what to do. */
export function connectFailure(peer: Peer, error: ConnectError): Failure {
  const { side } = peer;
  // With TLS from the first byte the end comes before or in the handshake.
  if (error.cause instanceof Error && "code" in error.cause && error.cause.code === "ECONNRESET")
    return ungreeted(peer, error);
  const message = `the ${side} cannot be used: ${error.message}`;
  switch (error.reason) {
    case "network":
    case "timeout":
      return new Failure(`${side}-unreachable`, message, { cause: error });
    case "certificate":
      return new Failure(`${side}-unreachable`, `${message}; ${certificateHint(peer)}`, { cause: error });
    case "tls":
      return new Failure(`${side}-protocol`, `${message}; ${tlsHint(peer, error)}`, { cause: error });
  }
}

function tlsHint({ side, endpoint }: Peer, { tooWeak }: ConnectError): string {
  if (!tooWeak || endpoint.weakTls === true) return "check that port and TLS mode fit";
  return side === "source"
    ? "renew it, or allow weak TLS for this source alone with `imbarco domain set NAME --source-weak-tls`"
    : "the target must offer TLS 1.2 or 1.3 and a certificate of at least 2048 bits (RSA) or 224 bits (EC)";
}

function certificateHint({ side, endpoint }: Peer): string {
  return isPinned(endpoint) ? PIN_HINTS[side] : CERTIFICATE_HINTS[side];
}

const PIN_HINTS: Readonly<Record<Side, string>> = {
  source:
    "if it was renewed, compare with what its administrator says and give the new one with `imbarco domain set NAME --source-fingerprint FINGERPRINT`; otherwise somebody stands in between",
  target:
    "if it was renewed, compare with what the target itself says and put the new one into the `fingerprint` of this server in the configuration; otherwise somebody stands in between",
};

const CERTIFICATE_HINTS: Readonly<Record<Side, string>> = {
  source:
    "name the authority it comes from with `imbarco domain set NAME --source-ca FILE`, enter the source by a host name that the certificate bears, or believe this one certificate with `--source-fingerprint`",
  target:
    "name the authority it comes from as `caFile` of this server in the configuration, enter the target by a host name that the certificate bears, or name the certificate's `fingerprint` there",
};
