/** How long a server takes to refuse a password. Milliseconds. */
export interface RefusalPace {
  /** At its best; `null` = it has refused none yet. */
  readonly bestMs: number | null;
  /** Refusals in a row that took far longer. */
  readonly slowInRow: number;
}

export const NO_REFUSALS: RefusalPace = { bestMs: null, slowInRow: 0 };

/** A server that defends itself holds back every login of ours, the right ones too. Dovecot goes up to 17 s. */
const SLOW_MS = 10_000;
const SLOW_FACTOR = 4;
/** One alone may have had another reason. */
const SLOW_ENOUGH = 2;

/** What one more refusal shows: whether the server has begun to hold us back. */
export function afterRefusalTook(
  { bestMs, slowInRow }: RefusalPace,
  ms: number,
): { readonly pace: RefusalPace; readonly isBraking: boolean } {
  const best = Math.min(bestMs ?? ms, ms);
  const slow = ms >= SLOW_MS && ms >= SLOW_FACTOR * best ? slowInRow + 1 : 0;
  const isBraking = slow >= SLOW_ENOUGH;
  return { pace: { bestMs: best, slowInRow: isBraking ? 0 : slow }, isBraking };
}
