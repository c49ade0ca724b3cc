/**
 * Whether a source lets anybody in at all. A server that has banned our address is not asked again and again: that is how bans get longer. Times in
 * milliseconds since 1970.
 */
export type Breaker =
  | ClosedBreaker
  /** Nobody tries before `retryAt`. */
  | {
      readonly state: "open";
      readonly since: number;
      readonly round: number;
      readonly retryAt: number;
      readonly words: string;
    }
  /** One connection is being tried; if nothing is heard of it until `retryAt`, another may be. */
  | {
      readonly state: "probing";
      readonly since: number;
      readonly round: number;
      readonly retryAt: number;
      readonly words: string;
    };

interface ClosedBreaker {
  readonly state: "closed";
  /** When a connection was first seen to work; `null` = never: then refusals are no change that a ban would explain. */
  readonly workedAt: number | null;
  /** Connections refused in a row. */
  readonly failures: number;
  readonly firstFailureAt: number;
  readonly lastFailureAt: number;
}

export const NEVER_TRIED: ClosedBreaker = {
  state: "closed",
  workedAt: null,
  failures: 0,
  firstFailureAt: 0,
  lastFailureAt: 0,
};

/** Refusals in a row, over at least `SPAN_MS`: a server that restarts refuses many at once, and is back sooner. */
const REFUSALS = 5;
const SPAN_MS = 15_000;
/** So many are enough where it has just refused passwords: that is what servers ban for. */
const REFUSALS_AFTER_GUESSES = 3;
/** So many are a ban however fast they came. */
const REFUSALS_AT_ONCE = 25;
/** Refusals further apart than this are not one event. */
const ROW_GAP_MS = 5 * 60_000;
/** From the opening to the first probe; doubled with every probe that fails. */
const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 30 * 60_000;
/** How long a probe may take before it counts as forgotten. */
const PROBE_LIMIT_MS = 3 * 60_000;

/** After a connection that worked, a user's login included. The same object where nothing changes. */
export function afterSuccess(now: Breaker, at: number): Breaker {
  if (now.state === "closed" && now.workedAt !== null && now.failures === 0) return now;
  return { ...NEVER_TRIED, workedAt: at };
}

/**
 * After a connection that was refused, timed out, or broke before the login. `words` say how, for people.
 * @param hasGuesses whether the server has refused several passwords of ours a short time ago
 */
export function afterFailure(now: Breaker, at: number, words: string, hasGuesses = false): Breaker {
  switch (now.state) {
    case "closed":
      return countedFailure(now, at, words, hasGuesses);
    case "open":
      return now;
    case "probing":
      return opened(now.since, now.round + 1, at, words);
  }
}

/** Whether somebody may connect at `at`; `becomes` is what that makes of the breaker. */
export function mayTry(
  now: Breaker,
  at: number,
): { readonly may: true; readonly becomes: Breaker } | { readonly may: false; readonly until: number } {
  if (now.state === "closed") return { may: true, becomes: now };
  if (at < now.retryAt) return { may: false, until: now.retryAt };
  return { may: true, becomes: { ...now, state: "probing", retryAt: at + PROBE_LIMIT_MS } };
}

/** After a server has shown that it holds our logins back: it is left alone for a while. */
export function afterBraking(now: Breaker, at: number, words: string): Breaker {
  return now.state === "closed" ? opened(at, 0, at, words) : now;
}

function countedFailure(now: ClosedBreaker, at: number, words: string, hasGuesses: boolean): Breaker {
  if (now.workedAt === null) return now;
  const isNewRow = now.failures === 0 || at - now.lastFailureAt > ROW_GAP_MS;
  const failures = isNewRow ? 1 : now.failures + 1;
  const firstFailureAt = isNewRow ? at : now.firstFailureAt;
  const isBan =
    (failures >= REFUSALS && at - firstFailureAt >= SPAN_MS) ||
    failures >= REFUSALS_AT_ONCE ||
    (hasGuesses && failures >= REFUSALS_AFTER_GUESSES);
  return isBan ? opened(at, 0, at, words) : { ...now, failures, firstFailureAt, lastFailureAt: at };
}

function opened(since: number, round: number, at: number, words: string): Breaker {
  const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(round, 10));
  return { state: "open", since, round, retryAt: at + waitMs, words };
}
