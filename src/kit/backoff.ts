/** How waits grow from one failure to the next. Milliseconds. */
export interface BackoffPlan {
  readonly firstMs: number;
  readonly limitMs: number;
}

/**
 * The wait before try number `attempt` (0 = the first retry): doubled each time up to the limit, then spread by up to a
 * fifth either way, so that many accounts that failed together do not come back together.
 * @param random a number in [0, 1)
 */
export function backoffMs(plan: BackoffPlan, attempt: number, random: number = Math.random()): number {
  const grown = Math.min(plan.limitMs, plan.firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(grown * (0.8 + 0.4 * random));
}
