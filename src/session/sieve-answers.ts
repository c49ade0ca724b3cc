import { FAILURES, type FailureKind } from "../model/failure.ts";
import type { BadSieveCommand } from "../wire/sieve/command.ts";
import type { Link } from "./protocol.ts";

/**
 * Every word that a ManageSieve client hears from us. The words are ours alone: of the target's server only capabilities get here, in the one form that is let
 * through (contract §6, response codes of RFC 5804 §1.3). Each function returns whole lines.
 */

/** Longest list of the target's capabilities that is passed on; a real one has under 2 KB. */
const OFFERS_LIMIT = 8_192;

/** RFC 5804 §4: a quoted string has at most so many octets. */
const QUOTED_LIMIT = 1_024;

/** A capability's line as `upstream/sieve` writes it: a name, and perhaps a value, both quoted. */
const OFFER = /^"([!#-[\]-~]+)"(?: "(?:[^"\\\0\r\n]|\\["\\])*")?$/;

/** What is said about this door by ourselves, or means nothing before the login (RFC 5804 §1.7, §2.14.1; XCLIENT is between the target and us). */
const NOT_PASSED_ON = new Set(["SASL", "STARTTLS", "OWNER", "UNAUTHENTICATE", "XCLIENT"]);

/** RFC 5804 §1.7: what every server must name, where nobody knows yet what the target does. */
const UNKNOWN_TARGET = ['"IMPLEMENTATION" "imbarco"', '"SIEVE" ""', '"VERSION" "1.0"'];

export function greeting(link: Link): string {
  return `${capabilities(link)}OK "${link.hostname} imbarco ready"\r\n`;
}

export function capability(link: Link): string {
  return `${capabilities(link)}OK "Capability completed"\r\n`;
}

/** RFC 5804 §2.13. */
export function noop(echo: Buffer | null): string {
  return echo === null ? 'OK "Nothing new"\r\n' : `OK (TAG ${string(echo)}) "Nothing new"\r\n`;
}

export const LOGOUT = 'OK "Logout completed"\r\n';

export const BEGIN_TLS = 'OK "Begin TLS negotiation now"\r\n';

/** RFC 5804 §2.1: a challenge is a string. */
export function challenge(base64: string): string {
  return `"${base64}"\r\n`;
}

/** RFC 5804 §4 (response-authenticate): capabilities follow only where SASL has brought a security layer, which PLAIN and LOGIN never do. */
export const LOGGED_IN = 'OK "Logged in"\r\n';

/** The same words whether the account is unknown or the password wrong; the login took care that the time is the same too. */
export function loginFailed(kind: FailureKind): string {
  switch (FAILURES[kind].client) {
    case "refused":
      return no("Wrong user name or password");
    case "unavailable":
      return 'NO (TRYLATER) "The mail server cannot log you in now, try again later"\r\n';
  }
}

export const PRIVACY_REQUIRED =
  'NO (ENCRYPT-NEEDED) "Logging in needs TLS: switch on STARTTLS in the mail program"\r\n';

export const MECHANISM_UNKNOWN = no("This authentication mechanism is not offered");

export const CANCELLED = no("Authentication cancelled");

export const BAD_TEXT = {
  unknown: no("Unknown command"),
  "too-early": no("Log in first"),
  arguments: no("The arguments of this command are wrong"),
} as const satisfies Record<BadSieveCommand, string>;

export function no(text: string): string {
  return `NO "${text}"\r\n`;
}

export const BYE_IDLE = 'BYE "Too long without a login"\r\n';
export const BYE_MISTAKES = 'BYE "Too many mistakes"\r\n';
export const BYE_OVERSIZE = 'BYE "A line or literal is too long"\r\n';
export const BYE_FOREIGN = 'BYE "This port speaks ManageSieve"\r\n';
export const BYE_CROWDED = 'BYE (TRYLATER) "Too many connections, try again later"\r\n';
export const BYE_SHUTDOWN = 'BYE (TRYLATER) "The server is shutting down, connect again"\r\n';

/** RFC 5804 §1.7. Mechanisms that hide the password are not offered: it could not be captured. */
function capabilities(link: Link): string {
  const lines = [...targetCapabilities(link.offers)];
  lines.push(`"SASL" "${link.loginAllowed ? "PLAIN LOGIN" : ""}"`);
  if (link.startTlsOffered) lines.push('"STARTTLS"');
  return lines.map((line) => `${line}\r\n`).join("");
}

/** What the target's server does with scripts, as far as it can end no line and no string here. */
function targetCapabilities(offers: readonly string[]): readonly string[] {
  const passed = new Map<string, string>();
  for (const offer of offers) {
    const name = OFFER.exec(offer)?.[1]?.toUpperCase();
    // RFC 5804 §1.7: each name at most once.
    if (name !== undefined && !NOT_PASSED_ON.has(name) && !passed.has(name)) passed.set(name, offer);
  }
  const isUsable = ["IMPLEMENTATION", "SIEVE", "VERSION"].every((name) => passed.has(name));
  const lines = [...passed.values()];
  return isUsable && lines.join("").length <= OFFERS_LIMIT ? lines : UNKNOWN_TARGET;
}

/** Octets as a string (RFC 5804 §4): quoted where they can be, else a literal. */
function string(octets: Buffer): string {
  const text = octets.toString("latin1");
  if (octets.length > QUOTED_LIMIT || /[\0\r\n]/.test(text)) return `{${octets.length}}\r\n${text}`;
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
