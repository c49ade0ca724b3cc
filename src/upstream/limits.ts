import type { ReaderLimits } from "../wire/imap/response-reader.ts";

/** Every bound toward a server that we connect to, with its reason. Milliseconds and octets. */
export interface UpstreamLimits {
  /** TCP, and again the TLS handshake: a server that is alive does each within a second or two, an overloaded one within ten. */
  readonly connectLimitMs: number;
  /** Greeting, STARTTLS and CAPABILITY, each: old servers look up the client's name in the DNS first, which may take 15 s. */
  readonly greetingLimitMs: number;
  /** The answer to a login: PAM, LDAP and the penalty for earlier failures (Dovecot: up to 15 s) delay it. */
  readonly loginLimitMs: number;
  /** Any command whose answer does not grow with a mailbox's octets. LIST and STATUS of a cold Maildir take minutes. */
  readonly commandLimitMs: number;
  /** Longest silence while an answer is due: FETCH and APPEND take as long as they take, but something must move. */
  readonly silenceLimitMs: number;
  /** LOGOUT is a courtesy. */
  readonly logoutLimitMs: number;
  /** Responses that nobody asked for, within one command. A server that says "still here" every minute stays far below. */
  readonly strayResponses: number;
  readonly reader: ReaderLimits;
}

/** Before login everything from the network is hostile; real greetings and capabilities fit into 1 KB. */
const READER_BEFORE_LOGIN: ReaderLimits = {
  lineOctets: 8 * 1024,
  responseOctets: 16 * 1024,
  keptLiteralOctets: 4 * 1024,
  literalOctets: 4 * 1024,
};

/** After login: SEARCH over two million messages is a line of 16 MB; small messages are kept and go out in one piece. */
const READER_AFTER_LOGIN: ReaderLimits = {
  lineOctets: 16 * 1024 * 1024,
  responseOctets: 18 * 1024 * 1024,
  keptLiteralOctets: 64 * 1024,
  literalOctets: 8 * 1024 * 1024 * 1024,
};

const MINUTE_MS = 60_000;

/** From the greeting up to the login's answer. */
export const BEFORE_LOGIN: UpstreamLimits = {
  connectLimitMs: 15_000,
  greetingLimitMs: 30_000,
  loginLimitMs: MINUTE_MS,
  commandLimitMs: MINUTE_MS,
  silenceLimitMs: MINUTE_MS,
  logoutLimitMs: 5_000,
  strayResponses: 100,
  reader: READER_BEFORE_LOGIN,
};

/** For the copier. */
export const AFTER_LOGIN: UpstreamLimits = {
  ...BEFORE_LOGIN,
  commandLimitMs: 15 * MINUTE_MS,
  silenceLimitMs: 5 * MINUTE_MS,
  strayResponses: 100_000,
  reader: READER_AFTER_LOGIN,
};

/** Octets of one message that may wait between the source's socket and the target's. */
export const BODY_WINDOW_OCTETS = 256 * 1024;

/** Messages whose metadata may wait for the consumer. */
export const METADATA_WINDOW = 2_000;

/** Longest sequence set in one command: servers bound their lines, RFC 7162 §4 asks them for 8192 octets. */
export const UID_SET_OCTETS = 4_000;

/** RFC 7888 §4: with LITERAL-, larger literals must wait for the server. */
export const LITERAL_MINUS_OCTETS = 4_096;
