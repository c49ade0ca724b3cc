import { array, assert, double, integer, oneof, property, record } from "fast-check";
import { expect, it } from "vitest";
import { afterLatency, FULL_PACE, LONGEST_PAUSE_MS, type Pace } from "../../src/copy/governor/pace.ts";

const LIMIT = 8;
const measurements = array(
  record({
    ms: oneof(double({ min: 0, max: 50, noNaN: true }), double({ min: 0, max: 60_000, noNaN: true })),
    afterMs: integer({ min: 0, max: 20_000 }),
    held: integer({ min: 0, max: LIMIT }),
  }),
  { maxLength: 200 },
);

function run(steps: readonly { ms: number; afterMs: number; held: number }[], from: Pace = FULL_PACE): Pace {
  let now = 1_000_000;
  return steps.reduce((pace, { ms, afterMs, held }) => {
    now += afterMs;
    return afterLatency(pace, ms, { now, held, limit: LIMIT });
  }, from);
}

it("never stops the copier and never lets it have more than the budget, whatever the source does", () => {
  assert(
    property(measurements, (steps) => {
      const { window, pauseMs } = run(steps);
      expect(window === null || (window >= 1 && window < LIMIT)).toBe(true);
      expect(pauseMs).toBeGreaterThanOrEqual(0);
      expect(pauseMs).toBeLessThanOrEqual(LONGEST_PAUSE_MS);
      expect(pauseMs === 0 || window === 1).toBe(true);
    }),
  );
});

it("always comes back to its full pace when the source does", () => {
  assert(
    property(measurements, (steps) => {
      const slow = run(steps);
      const best = slow.baselineMs ?? 20;
      let pace = slow;
      for (let at = 0; at < 100; at += 1)
        pace = afterLatency(pace, best, { now: 100_000_000 + at * 3_000, held: 1, limit: LIMIT });
      expect(pace).toMatchObject({ window: null, pauseMs: 0 });
    }),
  );
});
