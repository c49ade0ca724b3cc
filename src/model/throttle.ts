import type { IpNetwork } from "./ip.ts";

/** How many distinct wrong passwords are borne. */
export interface ThrottleLimits {
  /** From one network within the window, beside one for each account that is known to log in from there. */
  readonly failuresPerNetwork: number;
  /** For one account within the window, from all networks that it does not come from. From a single network half of it. */
  readonly failuresPerAccount: number;
  /** How long a failure counts. Milliseconds. */
  readonly windowMs: number;
}

/** What `throttle:` of the configuration says. */
export interface ThrottlePolicy extends ThrottleLimits {
  /** Networks that many users come from, such as a webmail's: only their accounts are throttled. */
  readonly exempt: readonly IpNetwork[];
  /** Refused passwords that reach one source. */
  readonly refusalsPerSource: { readonly perMinute: number; readonly perHour: number };
}

/**
 * Twenty tries an hour cover every forgotten password and leave 175,000 a year: a password that falls to that falls to anything. A hundred from a
 * network are what an office of several hundred users mistypes on a bad morning before the first of them is in. Old servers bear more than ours send them:
 * Dovecot slows down at once and forgives within minutes, and who runs fail2ban there has to except imbarco's address anyhow.
 */
export const DEFAULT_THROTTLE: ThrottlePolicy = {
  failuresPerNetwork: 100,
  failuresPerAccount: 20,
  windowMs: 60 * 60_000,
  exempt: [],
  refusalsPerSource: { perMinute: 60, perHour: 1_000 },
};

/** Distinct wrong passwords within the window. */
export interface FailureCounts {
  readonly network: number;
  readonly account: number;
  /** For the account from the network. */
  readonly pair: number;
}

/** What is known of the network of a login. */
export interface Acquaintance {
  /** Whether the account has logged in from there lately. */
  readonly isKnown: boolean;
  /** Accounts that have. */
  readonly accounts: number;
  /** Whether the configuration exempts it. */
  readonly isExempt: boolean;
}

/** What becomes of a login before its password is looked at, and how long it waits for that. */
export type Verdict =
  | { readonly kind: "pass"; readonly delayMs: number }
  | { readonly kind: "refuse"; readonly by: keyof FailureCounts; readonly delayMs: number };

/** Delays grow evenly from the one to the other. Mail programs wait half a minute at least. */
const FIRST_DELAY_MS = 250;
export const LONGEST_DELAY_MS = 8_000;
/** A share of what is borne that costs nothing: people mistype. */
const FREE_SHARE = 1 / 4;

/**
 * Delays first, refuses later. What others guess at an account does not count for networks that it comes from: an attacker elsewhere must not lock its
 * user out.
 */
export function judge(counts: FailureCounts, network: Acquaintance, limits: ThrottleLimits): Verdict {
  const bounds: Record<keyof FailureCounts, number> = {
    network: network.isExempt ? Number.POSITIVE_INFINITY : limits.failuresPerNetwork + network.accounts,
    account: network.isKnown ? Number.POSITIVE_INFINITY : limits.failuresPerAccount,
    pair: Math.ceil(limits.failuresPerAccount / 2),
  };
  let delayMs = 0;
  for (const by of ["pair", "account", "network"] as const) {
    if (counts[by] >= bounds[by]) return { kind: "refuse", by, delayMs: LONGEST_DELAY_MS };
    delayMs = Math.max(delayMs, delayFor(counts[by], bounds[by]));
  }
  return { kind: "pass", delayMs };
}

function delayFor(count: number, bound: number): number {
  const free = Math.floor(bound * FREE_SHARE);
  if (count <= free || bound === Number.POSITIVE_INFINITY) return 0;
  const share = (count - free) / (bound - free);
  return Math.round(FIRST_DELAY_MS * (LONGEST_DELAY_MS / FIRST_DELAY_MS) ** share);
}

/** Refused passwords that have reached a source. */
export interface SourceRefusals {
  readonly lastMinute: number;
  readonly lastHour: number;
}

/** A network with more failures than this shares a half of what a source bears with all of its kind. */
const UNSUSPICIOUS_FAILURES = 5;

/** Whether one more password that may be wrong may reach the source. Those who guess must not use up what first logins need. */
export function maySpend(
  spent: SourceRefusals,
  failuresOfNetwork: number,
  { perMinute, perHour }: ThrottlePolicy["refusalsPerSource"],
): boolean {
  const share = failuresOfNetwork > UNSUSPICIOUS_FAILURES ? 1 / 2 : 1;
  return spent.lastMinute < perMinute * share && spent.lastHour < perHour * share;
}

/** How long a refused password is not asked again, doubled with every time it is refused again. Milliseconds. */
const FIRST_REST_MS = 2 * 60_000;
export const LONGEST_REST_MS = 30 * 60_000;

/**
 * How long a password rests that was refused so often. A user who has changed a password at the old server and mistyped it in time waits two minutes at
 * most; a phone that has kept an old password, and tries it every few minutes for weeks, reaches the server twice an hour.
 */
export function restMs(refusals: number): number {
  return Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.min(20, Math.max(0, refusals - 1)));
}
