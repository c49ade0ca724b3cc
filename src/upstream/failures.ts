import { printable } from "../kit/text.ts";
import { type Endpoint, endpointName } from "../model/endpoint.ts";
import { Failure } from "../model/failure.ts";
import type { ResponseCode } from "../wire/imap/response.ts";
import type { Side } from "./side.ts";
import { waitAskedFor } from "./waits.ts";

/** Which server a failure is about. */
export interface Peer {
  readonly side: Side;
  readonly endpoint: Endpoint;
}

/** What a server said beside OK, NO, BAD or BYE. */
export interface Said {
  readonly code: ResponseCode | null;
  readonly text: string;
}

/** "the source mail.old.example:143". */
export function peerName(peer: Peer): string {
  return `the ${peer.side} ${endpointName(peer.endpoint)}`;
}

/** The server cannot be reached, or the connection to it is lost. */
export function unreachable(peer: Peer, what: string, cause?: unknown): Failure {
  return new Failure(
    `${peer.side}-unreachable`,
    `${peerName(peer)} ${what}`,
    cause === undefined ? {} : { cause },
  );
}

/** The server does not speak IMAP as it should, or not as safely as it was told to. */
export function protocolFault(peer: Peer, what: string, cause?: unknown): Failure {
  return new Failure(
    `${peer.side}-protocol`,
    `${peerName(peer)} ${what}`,
    cause === undefined ? {} : { cause },
  );
}

/**
 * The server sends us away: for a time that it names, for reasons of load (RFC 9051 §7.1 LIMIT, and the words of those that give no code), or for
 * others.
 */
export function sentAway(peer: Peer, what: string, said: Said): Failure {
  const ms = peer.side === "source" ? waitAskedFor(said) : null;
  if (ms !== null)
    return new Failure("source-wait", `${peerName(peer)} asks for a pause (it ${what}: ${quote(said)})`, {
      wait: { ms, words: quote(said) },
    });
  return new Failure(awayKind(peer, said), `${peerName(peer)} ${what}: ${quote(said)}`);
}

/** As `sentAway`, without the words: for what came in clear before TLS, which anybody may have written. */
export function sentAwayInClear(peer: Peer, what: string, said: Said): Failure {
  return new Failure(awayKind(peer, said), `${peerName(peer)} ${what}`);
}

function awayKind(peer: Peer, said: Said): `${Side}-limit` | `${Side}-unreachable` {
  return isLimit(said) ? `${peer.side}-limit` : `${peer.side}-unreachable`;
}

/** Codes that mean "not now" (RFC 5530 §3) and say nothing about what was asked for. */
const TEMPORARY = new Set(["UNAVAILABLE", "LIMIT", "INUSE", "SERVERBUG", "CONTACTADMIN", "THROTTLED"]);

/** Whether a refusal is about the server's state, not about what was asked for. */
export function isTemporary(said: Said): boolean {
  return (
    (said.code !== null && TEMPORARY.has(said.code.name)) || isLimit(said) || waitAskedFor(said) !== null
  );
}

function isLimit(said: Said): boolean {
  if (said.code !== null && (said.code.name === "LIMIT" || said.code.name === "THROTTLED")) return true;
  return isAboutNumber(said.text) || /throttl/i.test(said.text);
}

/** Whether a server's words say that there are too many connections, not that they come too fast. */
export function isAboutNumber(words: string): boolean {
  return /too many|maximum (number of )?connection|connection limit|connections? exceeded/i.test(words);
}

/** The server's words as they may stand in a message. */
export function quote(said: Said): string {
  const text = printable(said.text.trim());
  const code = said.code === null ? "" : `[${printable(said.code.name, 40)}] `;
  return `"${code}${text}"`;
}
