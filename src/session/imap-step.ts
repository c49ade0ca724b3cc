import type { FailureKind } from "../model/failure.ts";
import { FAILURES } from "../model/failure.ts";
import type { BadCommand, Command } from "../wire/imap/command.ts";
import type { ReaderEvent } from "../wire/imap/command-reader.ts";
import { LIMITS } from "../wire/limits.ts";
import {
  type Credentials,
  type SaslState,
  type SaslStep,
  saslContinue,
  saslMechanism,
  saslStart,
} from "../wire/sasl.ts";
import * as answers from "./answers.ts";

/** Where a session before login stands. */
export type ImapState = Standing &
  (
    | { readonly kind: "command" }
    | { readonly kind: "sasl"; readonly tag: string; readonly exchange: SaslState }
  );

interface Standing {
  readonly link: answers.Link;
  /** Outlive STARTTLS. */
  readonly mistakes: Mistakes;
}

interface Mistakes {
  /** Commands that no mail program in order would send here. */
  readonly bad: number;
  /** Wrong passwords and unknown accounts. */
  readonly refused: number;
}

const NO_MISTAKES: Mistakes = { bad: 0, refused: 0 };

/** What the loop has to do, after which it reads on unless it closes. */
export type Next =
  | { readonly kind: "say"; readonly text: string }
  /** Say it, and take the next line as an answer to it. */
  | { readonly kind: "challenge"; readonly text: string }
  /** Say it instead of asking for the literal that the client waits to send. */
  | { readonly kind: "refuse-literal"; readonly text: string }
  | { readonly kind: "start-tls"; readonly text: string }
  | { readonly kind: "log-in"; readonly tag: string; readonly credentials: Credentials }
  | { readonly kind: "close"; readonly text: string; readonly why: CloseReason };

/** Why a session ended before login, as the log names it. */
export type CloseReason = "logout" | "mistakes" | "oversize" | "foreign";

const BAD_TEXT = {
  tag: "A command begins with a tag of letters and digits",
  unknown: "Unknown command, or not one to use before logging in",
  arguments: "The arguments of this command are wrong",
} as const satisfies Record<BadCommand, string>;

/** The state of a fresh connection, also after STARTTLS: only the mistakes are remembered. */
export function begin(link: answers.Link, mistakes = NO_MISTAKES): ImapState {
  return { kind: "command", link, mistakes };
}

/** How long after its beginning the session must have logged in: a person who mistypes a password is polite. */
export function loginLimitMs(state: ImapState): number {
  return state.link.secure && state.mistakes.bad === 0 ? LIMITS.politeLoginMs : LIMITS.loginMs;
}

/** What follows from what the client said. Pure: the loop around it owns socket and timers. */
export function step(state: ImapState, event: ReaderEvent): [ImapState, Next] {
  switch (event.kind) {
    case "command":
      return onCommand(state, event.command);
    case "response":
      return onResponse(state, event.line);
    case "bad":
      return mistake(state, answers.bad(event.tag, BAD_TEXT[event.why]));
    case "awaiting":
      if (event.command === "id" || state.link.loginAllowed)
        return [state, { kind: "say", text: answers.CONTINUE }];
      // Refused before the password is on the way, not after.
      return refuseLiteral(mistake(state, answers.privacyRequired(event.tag)));
    case "oversize":
      return [state, close(oversize(event.tag), "oversize")];
    case "foreign":
      return [state, close(answers.BYE_FOREIGN, "foreign")];
  }
}

/** What follows from a login that was not granted. */
export function stepAfterFailure(state: ImapState, tag: string, kind: FailureKind): [ImapState, Next] {
  const text = answers.loginFailed(tag, kind);
  return FAILURES[kind].client === "refused"
    ? mistake(state, text, "refused")
    : [state, { kind: "say", text }];
}

function onCommand(state: ImapState, command: Command): [ImapState, Next] {
  const { tag } = command;
  switch (command.kind) {
    case "capability":
      return [state, { kind: "say", text: answers.capability(tag, state.link) }];
    case "noop":
      return [state, { kind: "say", text: answers.noop(tag) }];
    case "id":
      return [state, { kind: "say", text: answers.id(tag) }];
    case "logout":
      return [state, close(answers.logout(tag), "logout")];
    case "starttls":
      if (state.link.startTlsOffered) return [state, { kind: "start-tls", text: answers.beginTls(tag) }];
      return mistake(
        state,
        answers.bad(tag, state.link.secure ? "TLS is active already" : "TLS is not offered here"),
      );
    case "login":
      if (state.link.loginAllowed) return [state, { kind: "log-in", tag, credentials: command.credentials }];
      command.credentials.password.wipe();
      return mistake(state, answers.privacyRequired(tag));
    case "authenticate":
      return onAuthenticate(state, tag, command.mechanism, command.initial);
  }
}

function onAuthenticate(
  state: ImapState,
  tag: string,
  name: string,
  initial: Buffer | null,
): [ImapState, Next] {
  const mechanism = saslMechanism(name);
  if (state.link.loginAllowed && mechanism !== null) return onSasl(state, tag, saslStart(mechanism, initial));
  initial?.fill(0);
  if (!state.link.loginAllowed) return mistake(state, answers.privacyRequired(tag));
  return mistake(state, answers.mechanismUnknown(tag));
}

function onResponse(state: ImapState, line: Buffer): [ImapState, Next] {
  // The reader hands out a response only where a challenge asked for one.
  if (state.kind !== "sasl") return mistake(state, answers.bad(null, BAD_TEXT.tag));
  return onSasl(begin(state.link, state.mistakes), state.tag, saslContinue(state.exchange, line));
}

function onSasl(state: ImapState, tag: string, sasl: SaslStep): [ImapState, Next] {
  const { link, mistakes } = state;
  switch (sasl.kind) {
    case "challenge":
      return [
        { kind: "sasl", link, mistakes, tag, exchange: sasl.state },
        { kind: "challenge", text: answers.challenge(sasl.text) },
      ];
    case "cancelled":
      return mistake(state, answers.cancelled(tag));
    case "malformed":
      return mistake(state, answers.bad(tag, `Invalid ${sasl.why === "base64" ? "base64" : "credentials"}`));
    case "credentials":
      // Nobody acts for anybody else through us, and whether the identity exists is nobody's business.
      if (sasl.credentials.authzid === null)
        return [state, { kind: "log-in", tag, credentials: sasl.credentials }];
      sasl.credentials.password.wipe();
      return stepAfterFailure(state, tag, "wrong-password");
  }
}

function mistake(state: ImapState, text: string, kind: keyof Mistakes = "bad"): [ImapState, Next] {
  const mistakes = { ...state.mistakes, [kind]: state.mistakes[kind] + 1 };
  const after = begin(state.link, mistakes);
  if (mistakes.bad + mistakes.refused <= LIMITS.mistakes) return [after, { kind: "say", text }];
  return [after, close(text + answers.BYE_MISTAKES, "mistakes")];
}

function refuseLiteral([state, next]: [ImapState, Next]): [ImapState, Next] {
  return [state, next.kind === "say" ? { kind: "refuse-literal", text: next.text } : next];
}

function oversize(tag: string | null): string {
  return tag === null ? answers.BYE_OVERSIZE : answers.bad(tag, "Too long") + answers.BYE_OVERSIZE;
}

function close(text: string, why: CloseReason): Next {
  return { kind: "close", text, why };
}
