import { FAILURES, type FailureKind } from "../model/failure.ts";
import { readyWords } from "../model/instance.ts";
import type { BadCommand } from "../wire/smtp/command.ts";
import type { Link } from "./protocol.ts";
import { ehloKeywords } from "./submission-offers.ts";

/**
 * Every word that a submission client hears from us (contract §6; codes of RFC 5321 §4.2 and RFC 4954 §6, enhanced ones of RFC 3463). The words are ours
 * alone: but for the keywords of EHLO no text of a remote server gets here. Each function returns whole lines.
 */

/** RFC 5321 §4.2: the word ESMTP is what old clients look for before they try EHLO. */
export function greeting(link: Link): string {
  return `220 ${link.hostname} ESMTP ${readyWords(link.instance)}\r\n`;
}

/** RFC 5321 §4.1.1.1. */
export function ehlo(link: Link): string {
  const lines = [link.hostname, ...ehloKeywords(link)];
  return lines.map((line, at) => `250${at + 1 < lines.length ? "-" : " "}${line}\r\n`).join("");
}

export function helo(link: Link): string {
  return `250 ${link.hostname}\r\n`;
}

export const OK = "250 2.0.0 OK\r\n";
export const QUIT = "221 2.0.0 Goodbye\r\n";
export const BEGIN_TLS = "220 2.0.0 Begin TLS negotiation now\r\n";
export const LOGGED_IN = "235 2.7.0 Logged in\r\n";

/** RFC 4954 §4. */
export function challenge(base64: string): string {
  return `334 ${base64}\r\n`;
}

/** The same words whether the account is unknown or the password wrong; the login took care that the time is the same too. */
export function loginFailed(kind: FailureKind): string {
  switch (FAILURES[kind].client) {
    case "refused":
      return "535 5.7.8 Wrong user name or password\r\n";
    case "unavailable":
      // Told 535, mail programs throw the password away and ask their user for another.
      return "454 4.7.0 The mail server cannot log you in now, try again later\r\n";
  }
}

export const PRIVACY_REQUIRED =
  "538 5.7.11 Logging in needs TLS: switch on STARTTLS or SSL in the mail program\r\n";
/** RFC 4954 §6, RFC 3207 §4: to every command that needs a login. */
export function loginRequired(link: Link): string {
  return link.loginAllowed || !link.startTlsOffered
    ? "530 5.7.0 Authentication required\r\n"
    : "530 5.7.0 Must issue a STARTTLS command first\r\n";
}

export const EHLO_FIRST = "503 5.5.1 Send EHLO first\r\n";
export const TLS_ACTIVE = "503 5.5.1 TLS is active already\r\n";
export const TLS_NOT_OFFERED = "502 5.5.1 TLS is not offered here\r\n";
/** RFC 4954 §4. */
export const MECHANISM_UNKNOWN = "504 5.5.4 This authentication mechanism is not offered\r\n";
/** RFC 4954 §4. */
export const CANCELLED = "501 5.7.0 Authentication cancelled\r\n";
/** RFC 4954 §6. */
export const NO_BASE64 = "501 5.5.2 Invalid base64\r\n";
export const NO_CREDENTIALS = "501 5.5.2 Invalid credentials\r\n";

const BAD: Readonly<Record<BadCommand, string>> = {
  command: "500 5.5.2 This is no command\r\n",
  arguments: "501 5.5.4 The arguments of this command are wrong\r\n",
};

export function bad(why: BadCommand): string {
  return BAD[why];
}

/** RFC 5321 §3.8: a server that ends a connection by itself says 421. */
export const BYE_IDLE = "421 4.4.2 Too long without a login\r\n";
export const BYE_MISTAKES = "421 4.7.0 Too many mistakes\r\n";
export const BYE_FOREIGN = "421 4.7.0 This port speaks SMTP\r\n";
export const BYE_CROWDED = "421 4.7.0 Too many connections, try again later\r\n";
export const BYE_SHUTDOWN = "421 4.3.2 The server is shutting down, connect again\r\n";
export const BYE_KICKED = "421 4.3.2 The session was ended by an administrator\r\n";
/** RFC 4954 §6, whatever the line was: its end is not waited for. */
export const OVERSIZE = "500 5.5.6 A line is too long\r\n421 4.7.0 The rest of it is not read\r\n";
