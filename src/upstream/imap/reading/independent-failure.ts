import { printable } from "../../../kit/text.ts";
import { type Endpoint, endpointName } from "../../../model/endpoint.ts";
import { Failure } from "../../../model/failure.ts";
import { connectError } from "../../../net/connect-error.ts";
import { connectFailure } from "../../connect-failure.ts";
import type { Side } from "../../side.ts";

/** What the library tells with an error beside its words. */
interface Facts {
  readonly authenticationFailed?: boolean;
  /** What the server has said. */
  readonly responseText?: string;
  readonly message?: string;
  readonly code?: unknown;
}

/** The library's own codes, and a connection that ended: by them nobody sees why. */
const ENDS: Readonly<Record<string, string>> = {
  NoConnection: "the connection has ended",
  EConnectionClosed: "the connection has ended",
  ClosedAfterConnectTLS: "it closed the connection without a greeting",
  ClosedAfterConnectText: "it closed the connection without a greeting",
  ECONNRESET: "it closed the connection",
  EPIPE: "it closed the connection",
  CONNECT_TIMEOUT: "it does not answer",
  GREETING_TIMEOUT: "it sends no greeting",
  UPGRADE_TIMEOUT: "it does not begin TLS",
  ETIMEOUT: "it does not answer any more",
};

/** Any error of the library as a failure of the side it read. The server's words are made printable. */
export function asSideFailure(side: Side, endpoint: Endpoint, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const facts = error as Facts;
  const ending = typeof facts.code === "string" ? ENDS[facts.code] : undefined;
  const words = printable(facts.responseText ?? ending ?? facts.message ?? String(error));
  const server = `The ${side} server ${endpointName(endpoint)}`;
  const cause = { cause: error };
  return facts.authenticationFailed
    ? new Failure(
        `${side}-auth-failed`,
        `${server} refused the login of the independent reader: ${words}`,
        cause,
      )
    : new Failure(
        `${side}-unreachable`,
        `${server} could not be read by the independent reader: ${words}`,
        cause,
      );
}

/** The same for an error while the connection was made: in the words in which `imbarco check` says it. */
export function asOpeningFailure(side: Side, endpoint: Endpoint, error: unknown): Failure {
  const { authenticationFailed, responseText, code } = error as Facts;
  const isOfTheNetwork =
    error instanceof Error &&
    authenticationFailed !== true &&
    responseText === undefined &&
    typeof code === "string" &&
    ENDS[code] === undefined &&
    // Socket, TLS and certificate have codes in capitals; what else the library has keeps its own words.
    /^[A-Z][A-Z0-9_/]+$/.test(code);
  return isOfTheNetwork
    ? connectFailure({ side, endpoint }, connectError(endpoint, error))
    : asSideFailure(side, endpoint, error);
}
