import { describe, expect, test } from "vitest";
import {
  DEFAULT_THROTTLE,
  type FailureCounts,
  judge,
  LONGEST_DELAY_MS,
  maySpend,
  restMs,
} from "../../../src/model/throttle.ts";

const STRANGE = { isKnown: false, accounts: 0, isExempt: false };
const NONE: FailureCounts = { network: 0, account: 0, pair: 0 };
const judged = (counts: Partial<FailureCounts>, network: Partial<typeof STRANGE> = {}) =>
  judge({ ...NONE, ...counts }, { ...STRANGE, ...network }, DEFAULT_THROTTLE);

describe("a login", () => {
  test("passes at once where nobody has failed, and where people have mistyped", () => {
    expect(judged({})).toEqual({ kind: "pass", delayMs: 0 });
    expect(judged({ network: 25, account: 2, pair: 2 })).toEqual({ kind: "pass", delayMs: 0 });
  });

  test("is delayed more and more by failures of its name from its network, and then refused", () => {
    const verdicts = Array.from({ length: 11 }, (_, pair) => judged({ pair }));
    expect(verdicts.slice(0, 10).every(({ kind }) => kind === "pass")).toBe(true);
    const delays = verdicts.map(({ delayMs }) => delayMs);
    expect(delays.slice(0, 3)).toEqual([0, 0, 0]);
    for (let at = 3; at < 10; at += 1) expect(delays[at]).toBeGreaterThan(delays[at - 1] ?? 0);
    expect(verdicts[10]).toEqual({ kind: "refuse", by: "pair", delayMs: LONGEST_DELAY_MS });
  });

  test("is refused where many networks have guessed at the name, unless its own is known to the account", () => {
    expect(judged({ account: 20 })).toMatchObject({ kind: "refuse", by: "account" });
    expect(judged({ account: 20 }, { isKnown: true })).toEqual({ kind: "pass", delayMs: 0 });
    expect(judged({ account: 20, pair: 10 }, { isKnown: true })).toMatchObject({
      kind: "refuse",
      by: "pair",
    });
  });

  test("is refused where its network has guessed at many names; an office has more to guess with each user who is in", () => {
    expect(judged({ network: 100 })).toMatchObject({ kind: "refuse", by: "network" });
    expect(judged({ network: 400 }, { accounts: 1_500 })).toEqual({ kind: "pass", delayMs: 0 });
    expect(judged({ network: 1_600 }, { accounts: 1_500 })).toMatchObject({ kind: "refuse" });
  });

  test("from an exempt network is throttled by its name only", () => {
    expect(judged({ network: 1_000_000 }, { isExempt: true })).toEqual({ kind: "pass", delayMs: 0 });
    expect(judged({ account: 20 }, { isExempt: true })).toMatchObject({ by: "account" });
  });
});

test("a source is asked until it has refused as much as it may; who guesses gets a half of that", () => {
  const limits = { perMinute: 10, perHour: 100 };
  const may = (lastMinute: number, lastHour: number, failures = 0) =>
    maySpend({ lastMinute, lastHour }, failures, limits);
  expect([may(9, 99), may(10, 50), may(0, 100)]).toEqual([true, false, false]);
  expect([may(4, 49, 50), may(5, 5, 50), may(0, 50, 50)]).toEqual([true, false, false]);
});

test("a refused password rests two minutes, then twice as long each time, half an hour at most", () => {
  expect([1, 2, 3, 4, 5, 6, 1_000].map((refusals) => restMs(refusals) / 60_000)).toEqual([
    2, 4, 8, 16, 30, 30, 30,
  ]);
});
