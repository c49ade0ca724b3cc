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
      return new Failure(`${side}-unreachable`, `${message}; ${CERTIFICATE_HINTS[side]}`, { cause: error });
    case "tls":
      return new Failure(`${side}-protocol`, `${message}; check that port and TLS mode fit`, {
        cause: error,
      });
  }
}

const CERTIFICATE_HINTS: Readonly<Record<Side, string>> = {
  source:
    "name the authority it comes from with `imbarco domain set NAME --source-ca FILE`, or enter the source by a host name that the certificate bears",
  target:
    "name the authority it comes from as `target.imap.caFile` in the configuration, or enter the target by a host name that the certificate bears",
};
