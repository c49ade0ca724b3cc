import type { Tagged } from "../../wire/imap/response.ts";
import { isTemporary, type Peer, protocolFault, quote, sentAway } from "../failures.ts";
import type { LoginOutcome } from "../login-how.ts";

/**
 * Whether a password may be sent on a connection whose server says `LOGINDISABLED` (RFC 9051 §6.2.3).
 * @param has whether the server offers something
 * @throws {Failure} `-protocol` where it may not
 */
export function refuseInClear(peer: Peer, has: (capability: string) => boolean): void {
  if (!has("LOGINDISABLED")) return;
  if (peer.endpoint.tls !== "none" && has("AUTH=PLAIN")) return;
  throw protocolFault(
    peer,
    "takes no password on this connection (LOGINDISABLED): it wants TLS, set its TLS mode to starttls",
  );
}

/** The failure for a master login that LOGIN has no place for. */
export function wantsPlain(peer: Peer): Error {
  return protocolFault(
    peer,
    "does not offer AUTHENTICATE PLAIN, which a master login by authorization identity needs: set `form: separator` for the master login",
  );
}

/** Codes that are about the credentials, whatever the words behind them (RFC 5530 §3). */
const WRONG_CREDENTIALS = new Set(["AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED"]);

/**
 * What the answer to a login means that is not OK.
 * @throws {Failure} for every one that says nothing about the password: `-unreachable`, `-limit`, `-protocol`
 */
export function refusal(peer: Peer, name: string, answer: Tagged): LoginOutcome {
  const code = answer.code?.name ?? null;
  if (answer.status === "BAD") throw protocolFault(peer, `does not understand ${name}: ${quote(answer)}`);
  if (code !== null && WRONG_CREDENTIALS.has(code)) return { kind: "refused", code };
  if (code === "PRIVACYREQUIRED")
    throw protocolFault(peer, "takes a password only under TLS: set its TLS mode to starttls");
  // RFC 2221: whoever follows sends the password to a host that nobody entered here.
  if (code === "REFERRAL")
    throw protocolFault(peer, "refers this user to another server: imbarco does not follow");
  if (isTemporary(answer)) throw sentAway(peer, "cannot log in anybody at present", answer);
  return { kind: "refused", code };
}
