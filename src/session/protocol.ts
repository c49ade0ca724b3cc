import type { LoginGrant } from "../login/login.ts";
import { FAILURES, type FailureKind } from "../model/failure.ts";
import type { ProtocolName } from "../model/protocol.ts";
import type { TargetSends } from "../relay/splice.ts";
import { LIMITS } from "../wire/limits.ts";
import type { Credentials } from "../wire/sasl.ts";

/** What of a connection decides what its client is shown. */
export interface Link {
  /** Whether TLS protects it. */
  readonly secure: boolean;
  readonly startTlsOffered: boolean;
  /** Whether a password may be sent now. */
  readonly loginAllowed: boolean;
  /** Ours, in greetings. */
  readonly hostname: string;
  /** Names this installation in greetings, so that it knows itself where it is led to itself. */
  readonly instance?: string | undefined;
  /** What the target's server of this protocol offers after login, as it wrote it; empty where nobody knows yet. */
  readonly offers: readonly string[];
}

/** What a client has done wrong so far; outlives STARTTLS. */
export interface Mistakes {
  /** Commands that no mail program in order would send here. */
  readonly bad: number;
  /** Wrong passwords and unknown accounts. */
  readonly refused: number;
}

export const NO_MISTAKES: Mistakes = { bad: 0, refused: 0 };

/** What every state of every protocol has. */
export interface Standing {
  readonly link: Link;
  readonly mistakes: Mistakes;
}

/** What the loop has to do, after which it reads on unless it closes. */
export type Next =
  | { readonly kind: "say"; readonly text: string }
  /** Say it, and take the next line as an answer to it. */
  | { readonly kind: "challenge"; readonly text: string }
  /** Say it instead of asking for the literal that the client waits to send. */
  | { readonly kind: "refuse-literal"; readonly text: string }
  | { readonly kind: "start-tls"; readonly text: string }
  | LogIn
  | { readonly kind: "close"; readonly text: string; readonly why: CloseReason };

export interface LogIn {
  readonly kind: "log-in";
  /** To answer to; empty in protocols without tags. */
  readonly tag: string;
  readonly credentials: Credentials;
  /** The name that an SMTP client gave itself (RFC 5321 §4.1.1.1); the target shall hear it. */
  readonly hello?: string;
  /** How often the login may still be passed on, where the client has said so (IMAP ID `x-proxy-ttl`). */
  readonly hops?: number | undefined;
  /** The client has asked for UTF-8 in POP3 (RFC 6856 §2.1) before its login; the target shall hear it. */
  readonly utf8?: boolean;
}

/** Why a session ended before login, as the log names it. */
export type CloseReason = "logout" | "mistakes" | "oversize" | "foreign";

/** Makes commands of a client's octets. What `next` has to say about hostile input is an event as any other. */
export interface Reader<Event> {
  push(octets: Buffer): void;
  /** The next thing that the client has said whole; `undefined` while there is none. */
  next(): Event | undefined;
  /** The next line is an answer to a challenge. */
  expectResponse(): void;
  /** The client must not send the literal that it has announced. Only where literals are asked for. */
  refuseLiteral?(): void;
  /** What has not been read: with STARTTLS an attack, at the hand-over the target's. */
  takeRest(): Buffer;
}

/**
 * One protocol up to the login. Everything is pure but the reader: the loop around it (`conversation.ts`) owns socket and timers. Texts are whole lines
 * with CRLF, in Latin-1.
 */
export interface Protocol<State extends Standing = Standing, Event = unknown> {
  readonly name: ProtocolName;
  /** The state of a fresh connection, also after STARTTLS: only the mistakes are remembered. */
  begin(link: Link, mistakes?: Mistakes): State;
  newReader(): Reader<Event>;
  /** The first words; once more after STARTTLS where the protocol wants that (`greetsAgain`). */
  greeting(state: State): string;
  /** RFC 5804 §2.2: a ManageSieve server tells its capabilities anew under TLS. */
  readonly greetsAgain: boolean;
  step(state: State, event: Event): [State, Next];
  /** What follows from a login that was not granted. */
  stepAfterFailure(state: State, tag: string, kind: FailureKind): [State, Next];
  /** The last words of ours: from here on the target speaks. */
  loggedIn(tag: string, grant: LoginGrant): string;
  readonly lastWords: LastWords;
}

/** What is said before we close; the empty text where the protocol has no word for it. */
export interface LastWords {
  readonly idle: string;
  readonly shutdown: string;
  /** What the target sends in a relay; mail where it is not said. */
  readonly targetSends?: TargetSends;
  /** The same as `shutdown` in a relay, where it cannot come to stand in somebody's mail. */
  readonly relayShutdown: string;
  /** The same to a session that an administrator ends; as `relayShutdown` where absent. */
  readonly relayKicked?: string;
  readonly crowded: string;
}

/**
 * Counts a mistake: one too many closes the connection behind `text`, which is said in any case.
 * @param bye what is said then
 */
export function mistake<State extends Standing>(
  fresh: State,
  text: string,
  bye: string,
  kind: keyof Mistakes = "bad",
): [State, Next] {
  const mistakes = { ...fresh.mistakes, [kind]: fresh.mistakes[kind] + 1 };
  const after = { ...fresh, mistakes };
  if (mistakes.bad + mistakes.refused <= LIMITS.mistakes) return [after, { kind: "say", text }];
  return [after, close(text + bye, "mistakes")];
}

/** How long after its beginning the session must have logged in: a person who mistypes a password is polite. Milliseconds. */
export function loginLimitMs({ link, mistakes }: Standing): number {
  return link.secure && mistakes.bad === 0 ? LIMITS.politeLoginMs : LIMITS.loginMs;
}

export function close(text: string, why: CloseReason): Next {
  return { kind: "close", text, why };
}

/** Whether a failure counts as a mistake of the client's: a wrong password does, a server that is down does not. */
export function isRefusal(kind: FailureKind): boolean {
  return FAILURES[kind].client === "refused";
}
