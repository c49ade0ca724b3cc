import { type Breaker, NEVER_TRIED } from "./breaker.ts";
import { NO_REFUSALS, type RefusalPace } from "./refusal-pace.ts";

/** A limit that a server has shown by refusing more. */
export interface LearnedLimit {
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What the server said. */
  readonly words: string;
}

/** What is known of a source host beside its address, kept so that a restart knows it too. */
export interface SourceStanding {
  /** Connections from us that it bears. */
  readonly connections: LearnedLimit | null;
  /** Connections of one account that it bears. */
  readonly pairs: LearnedLimit | null;
  readonly breaker: Breaker;
  /** When a login last tried it while it let nobody in; milliseconds since 1970. */
  readonly loginTriedAt: number | null;
  /** How long it takes to refuse passwords. */
  readonly refusals: RefusalPace;
}

export const UNKNOWN_STANDING: SourceStanding = {
  connections: null,
  pairs: null,
  breaker: NEVER_TRIED,
  loginTriedAt: null,
  refusals: NO_REFUSALS,
};

/** While a source lets nobody in, one login of all processes tries it so often. Firewalls do not count what they drop. */
const LOGIN_TRY_EVERY_MS = 30_000;

/** Whether a login may ask at `at`; `becomes` is what that makes of the standing. */
export function mayLoginTry(
  now: SourceStanding,
  at: number,
):
  | { readonly may: true; readonly becomes: SourceStanding }
  | { readonly may: false; readonly until: number } {
  if (now.breaker.state === "closed") return { may: true, becomes: now };
  // A clock that was set back must not keep them away.
  const sinceMs = Math.abs(at - (now.loginTriedAt ?? Number.NEGATIVE_INFINITY));
  return sinceMs < LOGIN_TRY_EVERY_MS
    ? { may: false, until: at + LOGIN_TRY_EVERY_MS - sinceMs }
    : { may: true, becomes: { ...now, loginTriedAt: at } };
}

/** How long a learned limit holds whole; then it grows by one a minute. */
const HOLDS_MS = 10 * 60_000;
const GROWS_EVERY_MS = 60_000;

/** The limit that holds at `now`: what was learned, as far as it has not grown back to what is configured. */
export function limitNow(configured: number, learned: LearnedLimit | null, now: number): number {
  if (learned === null) return configured;
  const restingMs = now - learned.at - HOLDS_MS;
  const grown = restingMs < 0 ? 0 : Math.floor(restingMs / GROWS_EVERY_MS) + 1;
  return Math.max(1, Math.min(configured, learned.value + grown));
}

/** Whether the learned limit is below the configured one at `now`. */
export function isLowered(configured: number, learned: LearnedLimit | null, now: number): boolean {
  return limitNow(configured, learned, now) < configured;
}

/** What a refusal for reasons of number teaches. */
export interface Refused {
  /** Connections to the source at the time, the refused one included. */
  readonly held: number;
  /** Those of the account among them. */
  readonly heldByAccount: number;
  readonly at: number;
  readonly words: string;
}

/** Words of limits that count the connections of one user ("Maximum number of connections from user+IP exceeded" is Dovecot's). */
const PER_USER =
  /user\s*\+\s*ip|per[- ](user|account|mailbox)|(this|your) (user|account|mailbox)|for (the )?user/i;

/**
 * One connection fewer than there were, and never fewer than one. Where the words do not say what was counted, an account that had several is taken for
 * the cause as well.
 */
export function afterRefusal(now: SourceStanding, refused: Refused): SourceStanding {
  const { at, words } = refused;
  const lowered = (former: LearnedLimit | null, held: number): LearnedLimit => ({
    value: Math.max(1, Math.min(limitNow(Number.MAX_SAFE_INTEGER, former, at), held - 1)),
    at,
    words,
  });
  const isAccounts = PER_USER.test(words);
  return {
    ...now,
    connections: isAccounts ? now.connections : lowered(now.connections, refused.held),
    pairs: isAccounts || refused.heldByAccount > 1 ? lowered(now.pairs, refused.heldByAccount) : now.pairs,
  };
}
