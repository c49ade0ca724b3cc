import { LONGEST_DELAY_MS } from "../model/throttle.ts";
import type { AnswerBounds } from "./answer-times.ts";

/** Every bound of a login, with its reason. */
export interface LoginLimits {
  /** Logins that ask one source at the same time, in all processes. All come from our address, and servers count connections an address. */
  readonly asksPerSource: number;
  /** Logins that may queue for that, before the next one is sent away. */
  readonly waitersPerSource: number;
  /** Longest time in that queue. Mail programs give up after half a minute or so. Milliseconds. */
  readonly sourceQueueMs: number;
  /** Logins of one network whose passwords are compared with what is kept at the same time. As many hashes as are made at a time: alone a network loses nothing by it. */
  readonly comparesPerNetwork: number;
  /** Logins of one network whose passwords servers are asked about at the same time, each of another name: its guesses keep nobody else waiting, and a phone with a wrong one not its colleagues. */
  readonly asksPerNetwork: number;
  /** Both of a network that the configuration exempts, such as a webmail's: only the sources' own bounds are left. */
  readonly asksPerExemptNetwork: number;
  /** Logins that may queue for that; an office of a thousand starts within a minute. */
  readonly waitersPerNetwork: number;
  /** Of these, logins of one name that wait for one another: distinct passwords, since the same one is asked about once. More than are tried before the throttle holds. */
  readonly waitersPerName: number;
  /** Longest time in that queue, with the wait for other logins of the account. Milliseconds. */
  readonly networkQueueMs: number;
  /** How long one login of an account keeps others of it from asking, where its process does not say that it has ended. Milliseconds. */
  readonly turnMs: number;
  /** The longest that a throttled login waits for its answer. Milliseconds. */
  readonly longestDelayMs: number;
  /** How long a network is known from which an account has logged in. Milliseconds. */
  readonly acquaintanceMs: number;
  /** How long a refusal takes as long as no real one has been seen, and one that is repeated: what a Dovecot waits. Milliseconds. */
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
  comparesPerNetwork: 2,
  asksPerNetwork: 4,
  asksPerExemptNetwork: 64,
  waitersPerNetwork: 500,
  waitersPerName: 20,
  networkQueueMs: 20_000,
  turnMs: 90_000,
  longestDelayMs: LONGEST_DELAY_MS,
  acquaintanceMs: 30 * 24 * 60 * 60_000,
  firstRefusalMs: 2_000,
  refusals: { shortestMs: 50, longestMs: 20_000, oldestMs: Number.POSITIVE_INFINITY },
  outages: { shortestMs: 0, longestMs: 120_000, oldestMs: 60_000 },
  targetRetryMs: [100, 300, 600, 1_000],
  settlingMs: 5_000,
  copyAfterMs: 2_000,
  standingMs: 5_000,
  rememberMs: 5 * 60_000,
  remembered: 20_000,
};
