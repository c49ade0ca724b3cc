import { FAILURES, type FailureKind } from "../model/failure.ts";
import type { Link } from "./protocol.ts";

/**
 * Every word that a POP3 client hears from us. The words are ours alone: no text of a remote server gets here (contract §6, response
 * codes of RFC 2449 §8 and RFC 3206). Each function returns whole lines.
 */

/** Longest list of a target's capabilities that is passed on; real ones have 300 octets. */
const CAPABILITY_LIMIT = 4_096;

/** RFC 1939 §7: a time stamp here would offer APOP, which hides the password that has to be captured. */
export function greeting(link: Link): string {
  return ok(`${link.hostname} imbarco ready`);
}

/** RFC 2449 §5. */
export function capabilities(link: Link): string {
  return list("Capability list follows", offered(link));
}

/** The answer to AUTH alone, where a password may come. */
export function mechanisms(names: readonly string[]): string {
  return list("Mechanisms follow", names);
}

export const USER_NOTED = ok("Send the password");
export const UTF8_NOTED = ok("UTF-8 from now on");
export const BEGIN_TLS = ok("Begin TLS negotiation now");
export const QUIT = ok("Logging out");
export const LOGGED_IN = ok("Logged in");

/** RFC 5034 §4. */
export function challenge(base64: string): string {
  return `+ ${base64}\r\n`;
}

/** The same words whether the account is unknown or the password wrong; the login took care that the time is the same too. */
export function loginFailed(kind: FailureKind): string {
  switch (FAILURES[kind].client) {
    case "refused":
      return error("[AUTH] Wrong user name or password");
    case "unavailable":
      return error("[SYS/TEMP] The mail server cannot log you in now, try again later");
  }
}

/** Without [AUTH] (RFC 3206 §5): nobody has looked at the password. */
export const PRIVACY_REQUIRED = error(
  "Logging in needs TLS: send STLS first, or switch on SSL in the mail program",
);

export function error(text: string): string {
  return `-ERR ${text}\r\n`;
}

export const BYE_IDLE = error("Too long without a login");
export const BYE_OVERSIZE = error("The line is too long");
export const BYE_FOREIGN = error("This port speaks POP3");
export const BYE_CROWDED = error("[SYS/TEMP] Too many connections, try again later");

/** Whether the target takes UTF8 (RFC 6856 §2), as far as anybody knows. */
export function offersUtf8(link: Link): boolean {
  return fromTarget(link).some((line) => keywordOf(line) === "UTF8");
}

/** What we bring ourselves, by keyword: the target's word on it does not count. */
const OURS = new Set(["RESP-CODES", "AUTH-RESP-CODE", "USER", "SASL", "STLS"]);
/** What would be about the target itself, or needs a command before login that we do not pass on (RFC 6856 §3 LANG). */
const NOT_PASSED = new Set(["IMPLEMENTATION", "APOP", "LANG", "XCLIENT"]);

/** What every server of this century has, for the time in which the target has not been asked yet. */
const USUAL = ["TOP", "UIDL"];

/**
 * What is offered before login (RFC 2449 §6), where many clients ask only once. Mechanisms that hide the password are not: it could not be captured. PIPELINING is
 * the target's to promise, since it gets the commands behind a login.
 */
function offered(link: Link): string[] {
  const lines = [...fromTarget(link), "RESP-CODES", "AUTH-RESP-CODE"];
  if (link.startTlsOffered) lines.push("STLS");
  // RFC 2595 §4: no USER and no SASL wherever a login would be refused.
  if (link.loginAllowed) lines.push("USER", "SASL PLAIN LOGIN");
  return lines;
}

/** The target's capabilities that hold for our client too. What is no capability (RFC 2449 §3: printable ASCII) drops out, so that the target cannot end the list. */
function fromTarget(link: Link): readonly string[] {
  if (link.offers.length === 0) return USUAL;
  const lines = link.offers.filter(
    (line) =>
      /^[!-~](?:[ -~]*[!-~])?$/.test(line) &&
      !line.startsWith(".") &&
      !OURS.has(keywordOf(line)) &&
      !NOT_PASSED.has(keywordOf(line)),
  );
  return lines.join("\r\n").length > CAPABILITY_LIMIT ? USUAL : lines;
}

function keywordOf(line: string): string {
  return (line.split(" ", 1)[0] ?? "").toUpperCase();
}

function ok(text: string): string {
  return `+OK ${text}\r\n`;
}

function list(text: string, lines: readonly string[]): string {
  return `${ok(text)}${lines.map((line) => `${line}\r\n`).join("")}.\r\n`;
}
