import { Secret } from "../kit/secret.ts";
import { decodeBase64 } from "./base64.ts";
import { LIMITS } from "./limits.ts";

/** The mechanisms that reveal the password, which capturing needs; no other is offered. */
export const SASL_MECHANISMS = ["PLAIN", "LOGIN"] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

/** What a client wants to log in with, the same for every protocol and mechanism. Octets as the client meant them. */
export interface Credentials {
  readonly user: Buffer;
  readonly password: Secret;
  /** Whom the client wants to act for; `null` where it names nobody or itself. */
  readonly authzid: Buffer | null;
}

/** An exchange under way, between two lines of the client. */
export type SaslState =
  | { readonly mechanism: "PLAIN" }
  | { readonly mechanism: "LOGIN"; readonly user: Buffer | null };

/** What follows from one more message of the client. A challenge's `text` is base64, ready to be sent. */
export type SaslStep =
  | { readonly kind: "challenge"; readonly text: string; readonly state: SaslState }
  | { readonly kind: "credentials"; readonly credentials: Credentials }
  | { readonly kind: "cancelled" }
  | { readonly kind: "malformed"; readonly why: "base64" | "message" };

const NUL = 0;
const EQUALS = Buffer.from("=");
const ASTERISK = Buffer.from("*");

/** draft-murchison-sasl-login-00: the challenges that every client knows. */
const ASK_USER = Buffer.from("Username:").toString("base64");
const ASK_PASSWORD = Buffer.from("Password:").toString("base64");

/** The mechanism of that name, whatever its case; `null` where it is not offered. */
export function saslMechanism(name: string): SaslMechanism | null {
  return SASL_MECHANISMS.find((mechanism) => mechanism === name.toUpperCase()) ?? null;
}

/**
 * Begins an exchange. Wipes `initial`.
 * @param initial the initial response as it came (RFC 4959 §3: base64, `=` for an empty one); `null` where there is none
 */
export function saslStart(mechanism: SaslMechanism, initial: Buffer | null): SaslStep {
  const state: SaslState = mechanism === "PLAIN" ? { mechanism } : { mechanism, user: null };
  if (initial === null) return { kind: "challenge", text: mechanism === "PLAIN" ? "" : ASK_USER, state };
  if (!initial.equals(EQUALS)) return take(state, initial);
  // An empty user name helps nobody: for LOGIN the empty response means that the client wants to be asked.
  if (mechanism === "LOGIN") return { kind: "challenge", text: ASK_USER, state };
  return { kind: "malformed", why: "message" };
}

/**
 * Goes on with the client's answer to a challenge: one line in base64, or `*` which gives up (RFC 9051 §6.2.2). Wipes
 * `line`.
 */
export function saslContinue(state: SaslState, line: Buffer): SaslStep {
  return line.equals(ASTERISK) ? { kind: "cancelled" } : take(state, line);
}

function take(state: SaslState, line: Buffer): SaslStep {
  const message = decodeBase64(line);
  line.fill(0);
  if (message === null) return { kind: "malformed", why: "base64" };
  switch (state.mechanism) {
    case "PLAIN":
      return takePlain(message);
    case "LOGIN":
      return takeLogin(state.user, message);
  }
}

/** RFC 4616 §2: `[authzid] NUL authcid NUL passwd`. */
function takePlain(message: Buffer): SaslStep {
  const first = message.indexOf(NUL);
  const second = message.indexOf(NUL, first + 1);
  const sound = first >= 0 && second > first && message.indexOf(NUL, second + 1) < 0;
  const fields = sound
    ? [message.subarray(0, first), message.subarray(first + 1, second), message.subarray(second + 1)]
    : [];
  const [authzid, user, password] = fields.map((field) => Buffer.from(field));
  message.fill(0);
  if (!authzid || !user || !password) return { kind: "malformed", why: "message" };
  if (tooLong(authzid) || tooLong(user) || tooLong(password)) {
    password.fill(0);
    return { kind: "malformed", why: "message" };
  }
  const acting = authzid.length === 0 || authzid.equals(user) ? null : authzid;
  return { kind: "credentials", credentials: { user, password: new Secret(password), authzid: acting } };
}

function takeLogin(user: Buffer | null, message: Buffer): SaslStep {
  if (message.includes(NUL) || tooLong(message)) {
    message.fill(0);
    return { kind: "malformed", why: "message" };
  }
  if (user === null)
    return { kind: "challenge", text: ASK_PASSWORD, state: { mechanism: "LOGIN", user: message } };
  return { kind: "credentials", credentials: { user, password: new Secret(message), authzid: null } };
}

function tooLong(octets: Buffer): boolean {
  return octets.length > LIMITS.credentialOctets;
}
