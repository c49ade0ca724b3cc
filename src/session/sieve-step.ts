import type { FailureKind } from "../model/failure.ts";
import { type SaslState, type SaslStep, saslContinue, saslMechanism, saslStart } from "../wire/sasl.ts";
import type { SieveCommand } from "../wire/sieve/command.ts";
import type { SieveEvent } from "../wire/sieve/command-reader.ts";
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
import * as answers from "./sieve-answers.ts";

/** Where a ManageSieve session before login stands. */
export type SieveState = Standing &
  ({ readonly kind: "command" } | { readonly kind: "sasl"; readonly exchange: SaslState });

/** The sign for an empty initial response, which in this protocol is just empty. */
const EMPTY_RESPONSE = "=";

/** The state of a fresh connection, also after STARTTLS: only the mistakes are remembered. */
export function begin(link: Link, mistakes: Mistakes = NO_MISTAKES): SieveState {
  return { kind: "command", link, mistakes };
}

/** What follows from what the client said. Pure: the loop around it owns socket and timers. */
export function step(state: SieveState, event: SieveEvent): [SieveState, Next] {
  switch (event.kind) {
    case "command":
      return onCommand(state, event.command);
    case "response":
      return onResponse(state, event.response);
    case "bad":
      return mistake(state, answers.BAD_TEXT[event.why]);
    case "oversize":
      return [state, close(answers.BYE_OVERSIZE, "oversize")];
    case "foreign":
      return [state, close(answers.BYE_FOREIGN, "foreign")];
  }
}

/** What follows from a login that was not granted. */
export function stepAfterFailure(state: SieveState, kind: FailureKind): [SieveState, Next] {
  const text = answers.loginFailed(kind);
  return isRefusal(kind) ? mistake(state, text, "refused") : [state, { kind: "say", text }];
}

function onCommand(state: SieveState, command: SieveCommand): [SieveState, Next] {
  switch (command.kind) {
    case "capability":
      return [state, { kind: "say", text: answers.capability(state.link) }];
    case "noop":
      return [state, { kind: "say", text: answers.noop(command.echo) }];
    case "logout":
      return [state, close(answers.LOGOUT, "logout")];
    case "starttls":
      if (state.link.startTlsOffered) return [state, { kind: "start-tls", text: answers.BEGIN_TLS }];
      return mistake(
        state,
        answers.no(state.link.secure ? "TLS is active already" : "TLS is not offered here"),
      );
    case "authenticate":
      return onAuthenticate(state, command.mechanism, command.initial);
  }
}

function onAuthenticate(state: SieveState, name: string, initial: Buffer | null): [SieveState, Next] {
  const mechanism = saslMechanism(name);
  if (state.link.loginAllowed && mechanism !== null) {
    // RFC 5804 §2.1 wants LOGIN refused with an initial response; Dovecot takes it, so there are clients that rely on it.
    const sent = initial?.length === 0 ? Buffer.from(EMPTY_RESPONSE) : initial;
    return onSasl(state, saslStart(mechanism, sent));
  }
  initial?.fill(0);
  return mistake(state, state.link.loginAllowed ? answers.MECHANISM_UNKNOWN : answers.PRIVACY_REQUIRED);
}

function onResponse(state: SieveState, response: Buffer | null): [SieveState, Next] {
  // The reader hands out a response only where a challenge asked for one.
  if (state.kind !== "sasl") {
    response?.fill(0);
    return mistake(state, answers.BAD_TEXT.unknown);
  }
  if (response === null) return mistake(state, answers.no("The answer to a challenge is one string"));
  return onSasl(begin(state.link, state.mistakes), saslContinue(state.exchange, response));
}

function onSasl(state: SieveState, sasl: SaslStep): [SieveState, Next] {
  const { link, mistakes } = state;
  switch (sasl.kind) {
    case "challenge":
      return [
        { kind: "sasl", link, mistakes, exchange: sasl.state },
        { kind: "challenge", text: answers.challenge(sasl.text) },
      ];
    case "cancelled":
      return mistake(state, answers.CANCELLED);
    case "malformed":
      return mistake(state, answers.no(`Invalid ${sasl.why === "base64" ? "base64" : "credentials"}`));
    case "credentials":
      // Nobody acts for anybody else through us, and whether the identity exists is nobody's business.
      if (sasl.credentials.authzid === null)
        return [state, { kind: "log-in", tag: "", credentials: sasl.credentials }];
      sasl.credentials.password.wipe();
      return stepAfterFailure(state, "wrong-password");
  }
}

function mistake(state: SieveState, text: string, kind: keyof Mistakes = "bad"): [SieveState, Next] {
  return mistakeOf(begin(state.link, state.mistakes), text, answers.BYE_MISTAKES, kind);
}
