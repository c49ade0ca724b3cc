import type { AnswerBounds } from "./answer-times.ts";

/** Every bound of a login, with its reason. */
export interface LoginLimits {
  /** Logins that ask one source at the same time. All of them come from our address, and servers count connections an address. */
  readonly asksPerSource: number;
  /** Logins that may queue for that, before the next one is sent away. */
  readonly waitersPerSource: number;
  /** Longest time in that queue. Mail programs give up after half a minute or so. Milliseconds. */
  readonly sourceQueueMs: number;
  /** How long a refusal takes as long as no real one has been seen: what a Dovecot waits. Milliseconds. */
  readonly firstRefusalMs: number;
  readonly refusals: AnswerBounds;
  /** An outage is quick to tell or takes as long as a login may, and the next one may be of the other kind. */
  readonly outages: AnswerBounds;
  /** Waits between the tries to log in to the target just after its account was made, two seconds in all: user databases have caches and
   * replicas, and Dovecot looks at its passwd-file once a second. Milliseconds. */
  readonly targetRetryMs: readonly number[];
  /** How long after it was told of an account or password the target may still not go by it: its refusal then means nothing. Milliseconds. */
  readonly settlingMs: number;
  /** When the copier begins after that, unless a login shows earlier that the target has understood. Milliseconds. */
  readonly copyAfterMs: number;
  /** How long the last contact with a server tells how it stands. Milliseconds. */
  readonly standingMs: number;
  /** How long a password that was found right is known without hashing it again. Milliseconds. */
  readonly rememberMs: number;
  /** Accounts whose password is known so; each costs about 200 octets. */
  readonly remembered: number;
}

export const LOGIN_LIMITS: LoginLimits = {
  asksPerSource: 8,
  waitersPerSource: 200,
  sourceQueueMs: 20_000,
  firstRefusalMs: 2_000,
  refusals: { shortestMs: 50, longestMs: 10_000, oldestMs: Number.POSITIVE_INFINITY },
  outages: { shortestMs: 0, longestMs: 120_000, oldestMs: 60_000 },
  targetRetryMs: [100, 300, 600, 1_000],
  settlingMs: 5_000,
  copyAfterMs: 2_000,
  standingMs: 5_000,
  rememberMs: 5 * 60_000,
  remembered: 20_000,
};
