import { Remembering } from "../kit/remembering.ts";
import type { FailureKind } from "../model/failure.ts";
import { FAILURES } from "../model/failure.ts";
import { readyWords } from "../model/instance.ts";
import type { Link } from "./protocol.ts";

/**
 * Every word that an IMAP client hears from us. The words are ours alone: no text of a remote server gets here (contract
 * §6, response codes of RFC 5530). Each function returns whole lines.
 */

/** Longest capability list of a target that is passed on; longer ones the client asks for itself. */
const CAPABILITY_LIMIT = 4_096;
/** All servers of a target say the same at each login, or nearly. */
const LISTS_KEPT = 16;

export function greeting(link: Link): string {
  return `* OK [CAPABILITY ${capabilities(link)}] ${link.hostname} ${readyWords(link.instance)}\r\n`;
}

export function capability(tag: string, link: Link): string {
  return `* CAPABILITY ${capabilities(link)}\r\n${tag} OK Capability completed\r\n`;
}

export function id(tag: string): string {
  return `* ID ("name" "imbarco")\r\n${tag} OK ID completed\r\n`;
}

export function noop(tag: string): string {
  return `${tag} OK Nothing new\r\n`;
}

export function logout(tag: string): string {
  return `* BYE Logging out\r\n${tag} OK Logout completed\r\n`;
}

export function beginTls(tag: string): string {
  return `${tag} OK Begin TLS negotiation now\r\n`;
}

/** RFC 9051 §7.6: asks for a literal. */
export const CONTINUE = "+ OK\r\n";

/** RFC 9051 §6.2.2. */
export function challenge(base64: string): string {
  return `+ ${base64}\r\n`;
}

/**
 * The login is through and the target answers from here on, so its capabilities replace ours. Where it did not name
 * them the client has to ask, as RFC 9051 §6.1.1 tells it to.
 */
export function loggedIn(tag: string, targetCapability: string | null): string {
  const names = targetCapability === null ? "" : afterLogin.of(targetCapability);
  return names === "" ? `${tag} OK Logged in\r\n` : `${tag} OK [CAPABILITY ${names}] Logged in\r\n`;
}

/** The same words whether the account is unknown or the password wrong; the login took care that the time is the same too. */
export function loginFailed(tag: string, kind: FailureKind): string {
  switch (FAILURES[kind].client) {
    case "refused":
      return `${tag} NO [AUTHENTICATIONFAILED] Wrong user name or password\r\n`;
    case "unavailable":
      return `${tag} NO [UNAVAILABLE] The mail server cannot log you in now, try again later\r\n`;
  }
}

export function privacyRequired(tag: string): string {
  return `${tag} NO [PRIVACYREQUIRED] Logging in needs TLS: switch on STARTTLS or SSL in the mail program\r\n`;
}

export function mechanismUnknown(tag: string): string {
  return `${tag} NO [CANNOT] This authentication mechanism is not offered\r\n`;
}

export function cancelled(tag: string): string {
  return `${tag} BAD Authentication cancelled\r\n`;
}

/** RFC 9051 §7.1.3: without a tag to answer to, BAD is untagged. */
export function bad(tag: string | null, text: string): string {
  return `${tag ?? "*"} BAD ${text}\r\n`;
}

export const BYE_IDLE = "* BYE Too long without a login\r\n";
export const BYE_MISTAKES = "* BYE Too many mistakes\r\n";
export const BYE_OVERSIZE = "* BYE A line or literal is too long\r\n";
export const BYE_FOREIGN = "* BYE This port speaks IMAP\r\n";
export const BYE_CROWDED = "* BYE [UNAVAILABLE] Too many connections, try again later\r\n";
export const BYE_SHUTDOWN = "* BYE [UNAVAILABLE] The server is shutting down, connect again\r\n";
export const BYE_KICKED = "* BYE The session was ended by an administrator\r\n";

/** What is offered before login. Mechanisms that hide the password are not: it could not be captured. */
function capabilities(link: Link): string {
  const names = ["IMAP4rev1", "LITERAL+", "SASL-IR", "ID"];
  if (link.startTlsOffered) names.push("STARTTLS");
  // RFC 9051 §6.2.3: LOGINDISABLED wherever a LOGIN would be refused.
  if (link.loginAllowed) names.push("AUTH=PLAIN", "AUTH=LOGIN");
  else names.push("LOGINDISABLED");
  return names.join(" ");
}

/**
 * The target's list without STARTTLS: it would be about the connection between us and the target, which the client must
 * not upgrade through us. Anything that is no capability name (RFC 9051 §9: an atom) drops out, so that the target cannot end the line.
 */
const afterLogin = new Remembering((targetCapability: string): string => {
  const names = targetCapability
    .split(" ")
    .filter((name) => /^[!-~]+$/.test(name) && !/[(){%*"\\\]]/.test(name))
    .filter((name) => name.toUpperCase() !== "STARTTLS");
  const list = names.join(" ");
  return list.length > CAPABILITY_LIMIT ? "" : list;
}, LISTS_KEPT);
