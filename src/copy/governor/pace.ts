/**
 * How hard the copier leans on a source, by the time that it takes for a cheap command: fewer connections when it slows down, one more when it is
 * back (additive increase, multiplicative decrease, as TCP does it).
 */
export interface Pace {
  /** What the source takes when it is at its best, milliseconds; `null` = not measured yet. */
  readonly baselineMs: number | null;
  /** What it takes now, evened out. */
  readonly smoothedMs: number | null;
  /** Connections of the copier; `null` = as many as the budget has. */
  readonly window: number | null;
  /** Between two waves, when a single connection is still too much. */
  readonly pauseMs: number;
  /** When window or pause changed last; milliseconds since 1970. */
  readonly changedAt: number;
}

export const FULL_PACE: Pace = {
  baselineMs: null,
  smoothedMs: null,
  window: null,
  pauseMs: 0,
  changedAt: 0,
};

/** Weight of a new measurement. */
const SMOOTHING = 0.3;
/** How fast the best time is forgotten: a source that is always slower from now on is not in trouble for ever. */
const FORGETTING = 0.002;
/** Slow is what takes so many times the best, and so much longer: a few milliseconds more are the noise of any server. */
const SLOW_FACTOR = 4;
const SLOW_EXCESS_MS = 150;
/** It is back at half of that. */
const CALM_SHARE = 1 / 2;
/** What a change does shows after a while. */
const SETTLING_MS = 2_000;
const FIRST_PAUSE_MS = 250;
export const LONGEST_PAUSE_MS = 10_000;

/** The pace after a measurement of `ms` milliseconds; `held` is how many connections the copier has, `limit` how many it may have. */
export function afterLatency(
  pace: Pace,
  ms: number,
  at: { readonly now: number; readonly held: number; readonly limit: number },
): Pace {
  const baselineMs = pace.baselineMs === null ? ms : drifted(pace.baselineMs, ms);
  const smoothedMs = pace.smoothedMs === null ? ms : pace.smoothedMs + SMOOTHING * (ms - pace.smoothedMs);
  const measured = { ...pace, baselineMs, smoothedMs };
  if (at.now - pace.changedAt < SETTLING_MS) return measured;
  const slowMs = Math.max(baselineMs * SLOW_FACTOR, baselineMs + SLOW_EXCESS_MS);
  if (smoothedMs > slowMs) return { ...slower(measured, at.held), changedAt: at.now };
  const calmMs = baselineMs + (slowMs - baselineMs) * CALM_SHARE;
  const isHeldBack = pace.window !== null || pace.pauseMs > 0;
  if (isHeldBack && smoothedMs <= calmMs) return { ...faster(measured, at.limit), changedAt: at.now };
  return measured;
}

function drifted(baselineMs: number, ms: number): number {
  return ms < baselineMs ? ms : baselineMs + FORGETTING * (ms - baselineMs);
}

function slower(pace: Pace, held: number): Pace {
  const used = Math.min(pace.window ?? Number.MAX_SAFE_INTEGER, Math.max(1, held));
  if (used > 1) return { ...pace, window: Math.max(1, Math.floor(used / 2)) };
  const pauseMs = pace.pauseMs === 0 ? FIRST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, pace.pauseMs * 2);
  return { ...pace, window: 1, pauseMs };
}

function faster(pace: Pace, limit: number): Pace {
  if (pace.pauseMs > 0) return { ...pace, pauseMs: pace.pauseMs <= FIRST_PAUSE_MS ? 0 : pace.pauseMs / 2 };
  const window = (pace.window ?? limit) + 1;
  return { ...pace, window: window >= limit ? null : window };
}
