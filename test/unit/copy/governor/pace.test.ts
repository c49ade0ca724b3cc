import { describe, expect, it } from "vitest";
import { afterLatency, FULL_PACE, LONGEST_PAUSE_MS, type Pace } from "../../../../src/copy/governor/pace.ts";

/** A measurement every three seconds, so that each may change something. */
function measured(pace: Pace, latencies: readonly number[], held = 8, from = 10_000): Pace {
  return latencies.reduce(
    (now, ms, index) => afterLatency(now, ms, { now: from + index * 3_000, held, limit: 8 }),
    pace,
  );
}

const times = (count: number, ms: number) => Array.from({ length: count }, () => ms);
const RESTED = measured(FULL_PACE, times(20, 20));

describe("the pace of the copier", () => {
  it("is full while the source answers as ever", () => {
    expect(RESTED).toMatchObject({ window: null, pauseMs: 0 });
    expect(measured(RESTED, [20, 30, 60, 25, 90, 20, 40])).toMatchObject({ window: null, pauseMs: 0 });
  });

  it("does not mind milliseconds, however many times the best they are", () => {
    expect(measured(measured(FULL_PACE, [1, 1, 1]), times(20, 60)).window).toBeNull();
  });

  it("halves when the source slows down, and again while it stays slow", () => {
    const slow = measured(RESTED, [2_000], 8, 100_000);
    expect(slow.window).toBe(4);
    expect(measured(slow, [2_000], 4, 200_000).window).toBe(2);
  });

  it("waits to see what a change does", () => {
    const slow = measured(RESTED, [2_000], 8, 100_000);
    expect(afterLatency(slow, 2_000, { now: 100_500, held: 8, limit: 8 }).window).toBe(4);
  });

  it("pauses between waves when one connection is still too much, ten seconds at most", () => {
    const one = measured(RESTED, times(4, 3_000), 8, 100_000);
    expect(one).toMatchObject({ window: 1, pauseMs: 250 });
    expect(measured(one, times(20, 3_000), 1, 200_000).pauseMs).toBe(LONGEST_PAUSE_MS);
  });

  it("comes back step by step: the pauses go, then one connection more at a time", () => {
    const slow = measured(RESTED, times(6, 3_000), 8, 100_000);
    const back: (number | null)[] = [];
    let pace = slow;
    for (let at = 0; at < 40; at += 1) {
      pace = measured(pace, [20], 1, 1_000_000 + at * 3_000);
      if (pace.pauseMs === 0) back.push(pace.window);
    }
    expect([...new Set(back)]).toEqual([1, 2, 3, 4, 5, 6, 7, null]);
  });
});
