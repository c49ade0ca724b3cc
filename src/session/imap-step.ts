import type { FailureKind } from "../model/failure.ts";
import type { BadCommand, Command, IdPair } from "../wire/imap/command.ts";
import type { ReaderEvent } from "../wire/imap/command-reader.ts";
import {
  type Credentials,
  type SaslState,
  type SaslStep,
  saslContinue,
  saslMechanism,
  saslStart,
} from "../wire/sasl.ts";
import * as answers from "./imap-answers.ts";
import {
  close,
  isRefusal,
  type Link,
  type Mistakes,
  mistake as mistakeOf,
  type Next,
  NO_MISTAKES,
  type Standing,
} from "./protocol.ts";

/** Where an IMAP session before login stands. */
export type ImapState = Standing & {
  /** How often a login may still be passed on, as the client has said by ID. */
  readonly hops?: number | undefined;
} & (
    | { readonly kind: "command" }
    | { readonly kind: "sasl"; readonly tag: string; readonly exchange: SaslState }
  );

const BAD_TEXT = {
  tag: "A command begins with a tag of letters and digits",
  unknown: "Unknown command, or not one to use before logging in",
  arguments: "The arguments of this command are wrong",
} as const satisfies Record<BadCommand, string>;

/** The state of a fresh connection, also after STARTTLS: only the mistakes are remembered. */
export function begin(link: Link, mistakes: Mistakes = NO_MISTAKES): ImapState {
  return { kind: "command", link, mistakes };
}

/** Ready for the next command, on the same connection. */
function ready({ link, mistakes, hops }: ImapState): ImapState {
  return { kind: "command", link, mistakes, hops };
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
  return isRefusal(kind) ? mistake(state, text, "refused") : [state, { kind: "say", text }];
}

function onCommand(state: ImapState, command: Command): [ImapState, Next] {
  const { tag } = command;
  switch (command.kind) {
    case "capability":
      return [state, { kind: "say", text: answers.capability(tag, state.link) }];
    case "noop":
      return [state, { kind: "say", text: answers.noop(tag) }];
    case "id":
      return [
        { ...state, hops: hopsTold(command.pairs) ?? state.hops },
        { kind: "say", text: answers.id(tag) },
      ];
    case "logout":
      return [state, close(answers.logout(tag), "logout")];
    case "starttls":
      if (state.link.startTlsOffered) return [state, { kind: "start-tls", text: answers.beginTls(tag) }];
      return mistake(
        state,
        answers.bad(tag, state.link.secure ? "TLS is active already" : "TLS is not offered here"),
      );
    case "login":
      if (state.link.loginAllowed) return [state, logIn(state, tag, command.credentials)];
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
  return onSasl(ready(state), state.tag, saslContinue(state.exchange, line));
}

function onSasl(state: ImapState, tag: string, sasl: SaslStep): [ImapState, Next] {
  const { link, mistakes, hops } = state;
  switch (sasl.kind) {
    case "challenge":
      return [
        { kind: "sasl", link, mistakes, hops, tag, exchange: sasl.state },
        { kind: "challenge", text: answers.challenge(sasl.text) },
      ];
    case "cancelled":
      return mistake(state, answers.cancelled(tag));
    case "malformed":
      return mistake(state, answers.bad(tag, `Invalid ${sasl.why === "base64" ? "base64" : "credentials"}`));
    case "credentials":
      // Nobody acts for anybody else through us, and whether the identity exists is nobody's business.
      if (sasl.credentials.authzid === null) return [state, logIn(state, tag, sasl.credentials)];
      sasl.credentials.password.wipe();
      return stepAfterFailure(state, tag, "wrong-password");
  }
}

function mistake(state: ImapState, text: string, kind: keyof Mistakes = "bad"): [ImapState, Next] {
  return mistakeOf(ready(state), text, answers.BYE_MISTAKES, kind);
}

function refuseLiteral([state, next]: [ImapState, Next]): [ImapState, Next] {
  return [state, next.kind === "say" ? { kind: "refuse-literal", text: next.text } : next];
}

function oversize(tag: string | null): string {
  return tag === null ? answers.BYE_OVERSIZE : answers.bad(tag, "Too long") + answers.BYE_OVERSIZE;
}

function logIn({ hops }: ImapState, tag: string, credentials: Credentials): Next {
  return { kind: "log-in", tag, credentials, hops };
}

/** What whoever passes a login on to us says of itself, as Dovecot's proxies do too. Its other words, such as a client's address, are not believed. */
function hopsTold(pairs: readonly IdPair[]): number | undefined {
  const told = pairs.find(({ field }) => field.toString("latin1").toLowerCase() === "x-proxy-ttl")?.value;
  return told && /^\d{1,3}$/.test(told.toString("latin1")) ? Number(told.toString("latin1")) : undefined;
}
