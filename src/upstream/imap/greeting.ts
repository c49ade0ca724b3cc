import { readyWords } from "../../model/instance.ts";
import type { UntaggedStatus } from "../../wire/imap/response.ts";
import { type Peer, protocolFault, sentAway, sentAwayInClear } from "../failures.ts";

/**
 * Whether a server that greets like this can be logged in to (RFC 9051 §7.1.4, §7.1.5). Returns what it offers, where it says so in its greeting:
 * words with spaces between them, else `null`.
 * @param instance our own name in greetings
 * @throws {Failure} `-unreachable` or `-limit` where it turns us away, `-protocol` where we must not go on
 */
export function offersInGreeting(
  peer: Peer,
  greeting: UntaggedStatus,
  instance: string | undefined,
): string | null {
  if (greeting.status === "OK") {
    if (instance !== undefined && greeting.text.includes(readyWords(instance)))
      throw protocolFault(peer, "is imbarco itself: logins would go round in circles");
    // RFC 9051 §7.1: a server may say it here, and a round trip is saved. What is said before TLS ends with the clear connection.
    return greeting.code?.name === "CAPABILITY" ? greeting.code.text : null;
  }
  if (greeting.status === "BYE") {
    const away = peer.endpoint.tls === "starttls" ? sentAwayInClear : sentAway;
    throw away(peer, "turned the connection away (BYE)", greeting);
  }
  // A connection that is somebody's already proves no password, and in clear it is how STARTTLS is skipped (RFC 9051 §11.1).
  throw protocolFault(
    peer,
    `greeted with ${greeting.status} instead of OK: imbarco does not go on from there`,
  );
}
