import type { FailureKind } from "../model/failure.ts";
import type { BadCommand, Command } from "../wire/pop3/command.ts";
import type { ReaderEvent } from "../wire/pop3/command-reader.ts";
import {
  SASL_MECHANISMS,
  type SaslState,
  type SaslStep,
  saslContinue,
  saslMechanism,
  saslStart,
} from "../wire/sasl.ts";
import * as answers from "./pop3-answers.ts";
import {
  close,
  isRefusal,
  type Link,
  type LogIn,
  type Mistakes,
  mistake as mistakeOf,
  type Next,
  NO_MISTAKES,
  type Standing,
} from "./protocol.ts";

/** Where a POP3 session before login (RFC 1939 §4, the AUTHORIZATION state) stands. */
export type Pop3State = Standing & {
  /** RFC 6856 §2.1: the client has asked for UTF-8, which the target must hear. */
  readonly utf8: boolean;
} & (
    | { readonly kind: "command" }
    /** USER was said and noted. */
    | { readonly kind: "named"; readonly user: Buffer }
    | { readonly kind: "sasl"; readonly exchange: SaslState }
  );

const BAD_TEXT = {
  unknown: "Unknown command, or not one to use before logging in",
  arguments: "The arguments of this command are wrong",
} as const satisfies Record<BadCommand, string>;

/** The state of a fresh connection, also after STLS: only the mistakes are remembered. */
export function begin(link: Link, mistakes: Mistakes = NO_MISTAKES): Pop3State {
  return { kind: "command", link, mistakes, utf8: false };
}

/** What follows from what the client said. Pure: the loop around it owns socket and timers. */
export function step(state: Pop3State, event: ReaderEvent): [Pop3State, Next] {
  switch (event.kind) {
    case "command":
      return onCommand(state, event.command);
    case "response":
      return onResponse(state, event.line);
    case "bad":
      return mistake(state, answers.error(BAD_TEXT[event.why]));
    case "oversize":
      return [state, close(answers.BYE_OVERSIZE, "oversize")];
    case "foreign":
      return [state, close(answers.BYE_FOREIGN, "foreign")];
  }
}

/** What follows from a login that was not granted. */
export function stepAfterFailure(state: Pop3State, _tag: string, kind: FailureKind): [Pop3State, Next] {
  const text = answers.loginFailed(kind);
  return isRefusal(kind) ? mistake(state, text, "refused") : [idle(state), { kind: "say", text }];
}

function onCommand(state: Pop3State, command: Command): [Pop3State, Next] {
  switch (command.kind) {
    case "capa":
      return [state, { kind: "say", text: answers.capabilities(state.link) }];
    case "quit":
      return [state, close(answers.QUIT, "logout")];
    case "stls":
      return onStls(state);
    case "utf8":
      if (!answers.offersUtf8(state.link)) return mistake(state, answers.error("UTF8 is not offered here"));
      return [
        { ...state, utf8: true },
        { kind: "say", text: answers.UTF8_NOTED },
      ];
    case "user":
      if (!state.link.loginAllowed) return mistake(state, answers.PRIVACY_REQUIRED);
      // The same for every name: whether it exists is nobody's business.
      return [
        { ...idle(state), kind: "named", user: command.name },
        { kind: "say", text: answers.USER_NOTED },
      ];
    case "pass":
      if (state.link.loginAllowed && state.kind === "named")
        return logIn(state, { user: state.user, password: command.password, authzid: null });
      command.password.wipe();
      if (!state.link.loginAllowed) return mistake(state, answers.PRIVACY_REQUIRED);
      return mistake(state, answers.error("Send the user name first, with USER"));
    case "mechanisms":
      if (!state.link.loginAllowed) return mistake(state, answers.PRIVACY_REQUIRED);
      return [state, { kind: "say", text: answers.mechanisms(SASL_MECHANISMS) }];
    case "auth":
      return onAuth(state, command.mechanism, command.initial);
  }
}

function onStls(state: Pop3State): [Pop3State, Next] {
  if (state.link.secure) return mistake(state, answers.error("TLS is active already"));
  if (!state.link.startTlsOffered) return mistake(state, answers.error("TLS is not offered here"));
  // RFC 6856 §2.1: what was asked for in clear would not hold inside TLS.
  if (state.utf8) return mistake(state, answers.error("STLS comes before UTF8"));
  return [state, { kind: "start-tls", text: answers.BEGIN_TLS }];
}

function onAuth(state: Pop3State, name: string, initial: Buffer | null): [Pop3State, Next] {
  const mechanism = saslMechanism(name);
  if (state.link.loginAllowed && mechanism !== null) return onSasl(state, saslStart(mechanism, initial));
  initial?.fill(0);
  if (!state.link.loginAllowed) return mistake(state, answers.PRIVACY_REQUIRED);
  return mistake(state, answers.error("This authentication mechanism is not offered"));
}

function onResponse(state: Pop3State, line: Buffer): [Pop3State, Next] {
  // The reader hands out a response only where a challenge asked for one.
  if (state.kind !== "sasl") return mistake(state, answers.error(BAD_TEXT.unknown));
  return onSasl(state, saslContinue(state.exchange, line));
}

function onSasl(state: Pop3State, sasl: SaslStep): [Pop3State, Next] {
  switch (sasl.kind) {
    case "challenge":
      return [
        { ...idle(state), kind: "sasl", exchange: sasl.state },
        { kind: "challenge", text: answers.challenge(sasl.text) },
      ];
    case "cancelled":
      return mistake(state, answers.error("Authentication cancelled"));
    case "malformed":
      return mistake(state, answers.error(`Invalid ${sasl.why === "base64" ? "base64" : "credentials"}`));
    case "credentials":
      // Nobody acts for anybody else through us, and whether the identity exists is nobody's business.
      if (sasl.credentials.authzid === null) return logIn(state, sasl.credentials);
      sasl.credentials.password.wipe();
      return stepAfterFailure(state, "", "wrong-password");
  }
}

function logIn(state: Pop3State, credentials: LogIn["credentials"]): [Pop3State, Next] {
  return [idle(state), { kind: "log-in", tag: "", credentials, utf8: state.utf8 }];
}

/** Nobody named, no exchange under way. */
function idle({ link, mistakes, utf8 }: Pop3State): Pop3State {
  return { kind: "command", link, mistakes, utf8 };
}

function mistake(state: Pop3State, text: string, kind: keyof Mistakes = "bad"): [Pop3State, Next] {
  return mistakeOf(idle(state), text, "", kind);
}
