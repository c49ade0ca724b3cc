import type { FailureKind } from "../model/failure.ts";
import { type SaslState, type SaslStep, saslContinue, saslMechanism, saslStart } from "../wire/sasl.ts";
import type { SmtpCommand } from "../wire/smtp/command.ts";
import type { ReaderEvent } from "../wire/smtp/command-reader.ts";
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
import * as answers from "./submission-answers.ts";

/** Where a submission session before login stands. */
export type SubmissionState = Standing & { readonly hello: Hello | null } & (
    | { readonly kind: "command" }
    | { readonly kind: "sasl"; readonly exchange: SaslState }
  );

/** How the client has introduced itself. */
interface Hello {
  readonly name: string;
  /** By EHLO, so that it knows of extensions, AUTH among them. */
  readonly extended: boolean;
}

/** The state of a fresh connection, also after STARTTLS: only the mistakes are remembered (RFC 3207 §4.2). */
export function begin(link: Link, mistakes: Mistakes = NO_MISTAKES): SubmissionState {
  return { kind: "command", link, mistakes, hello: null };
}

/** What follows from what the client said. Pure: the loop around it owns socket and timers. */
export function step(state: SubmissionState, event: ReaderEvent): [SubmissionState, Next] {
  switch (event.kind) {
    case "command":
      return onCommand(state, event.command);
    case "response":
      return onResponse(state, event.line);
    case "bad":
      return mistake(state, answers.bad(event.why));
    case "oversize":
      return [state, close(answers.OVERSIZE, "oversize")];
    case "foreign":
      return [state, close(answers.BYE_FOREIGN, "foreign")];
  }
}

/** What follows from a login that was not granted. SMTP has no tags: `tag` is empty. */
export function stepAfterFailure(
  state: SubmissionState,
  _tag: string,
  kind: FailureKind,
): [SubmissionState, Next] {
  const text = answers.loginFailed(kind);
  return isRefusal(kind) ? mistake(state, text, "refused") : [state, { kind: "say", text }];
}

function onCommand(state: SubmissionState, command: SmtpCommand): [SubmissionState, Next] {
  const { link } = state;
  switch (command.kind) {
    case "ehlo":
      return [introduced(state, command.name, true), { kind: "say", text: answers.ehlo(link) }];
    case "helo":
      return [introduced(state, command.name, false), { kind: "say", text: answers.helo(link) }];
    case "noop":
    case "rset":
      return [state, { kind: "say", text: answers.OK }];
    case "quit":
      return [state, close(answers.QUIT, "logout")];
    case "starttls":
      if (link.startTlsOffered) return [state, { kind: "start-tls", text: answers.BEGIN_TLS }];
      return mistake(state, link.secure ? answers.TLS_ACTIVE : answers.TLS_NOT_OFFERED);
    case "auth":
      return onAuth(state, command.mechanism, command.initial);
    case "other":
      return mistake(state, answers.loginRequired(link));
  }
}

function onAuth(state: SubmissionState, name: string, initial: Buffer | null): [SubmissionState, Next] {
  const { link, hello } = state;
  const mechanism = link.loginAllowed && hello?.extended ? saslMechanism(name) : null;
  if (mechanism !== null) return onSasl(state, saslStart(mechanism, initial));
  initial?.fill(0);
  if (!link.loginAllowed) return mistake(state, answers.PRIVACY_REQUIRED);
  return mistake(state, hello?.extended ? answers.MECHANISM_UNKNOWN : answers.EHLO_FIRST);
}

function onResponse(state: SubmissionState, line: Buffer): [SubmissionState, Next] {
  // The reader hands out a response only where a challenge asked for one.
  if (state.kind !== "sasl") return mistake(state, answers.bad("command"));
  return onSasl(commanding(state), saslContinue(state.exchange, line));
}

function onSasl(state: SubmissionState, sasl: SaslStep): [SubmissionState, Next] {
  const { link, mistakes, hello } = state;
  switch (sasl.kind) {
    case "challenge":
      return [
        { kind: "sasl", link, mistakes, hello, exchange: sasl.state },
        { kind: "challenge", text: answers.challenge(sasl.text) },
      ];
    case "cancelled":
      return mistake(state, answers.CANCELLED);
    case "malformed":
      return mistake(state, sasl.why === "base64" ? answers.NO_BASE64 : answers.NO_CREDENTIALS);
    case "credentials": {
      const { credentials } = sasl;
      // With its name, which the target hears: after the login the client need not introduce itself again (RFC 4954 §4).
      if (credentials.authzid === null)
        return [state, { kind: "log-in", tag: "", credentials, ...(hello && { hello: hello.name }) }];
      // Nobody acts for anybody else through us, and whether the identity exists is nobody's business.
      credentials.password.wipe();
      return stepAfterFailure(state, "", "wrong-password");
    }
  }
}

function introduced(state: SubmissionState, name: string, extended: boolean): SubmissionState {
  return { ...commanding(state), hello: { name, extended } };
}

function commanding({ link, mistakes, hello }: SubmissionState): SubmissionState {
  return { kind: "command", link, mistakes, hello };
}

function mistake(
  state: SubmissionState,
  text: string,
  kind: keyof Mistakes = "bad",
): [SubmissionState, Next] {
  return mistakeOf(commanding(state), text, answers.BYE_MISTAKES, kind);
}
