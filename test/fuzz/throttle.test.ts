import { assert, boolean, constant, constantFrom, integer, nat, property, record } from "fast-check";
import { expect, test } from "vitest";
import { judge, LONGEST_DELAY_MS, maySpend } from "../../src/model/throttle.ts";

const count = nat({ max: 5_000 });
const counts = record({ network: count, account: count, pair: count });
const network = record({ isKnown: boolean(), accounts: count, isExempt: boolean() });
const which = constantFrom("network", "account", "pair");
const limits = record({
  failuresPerNetwork: integer({ min: 1, max: 1_000 }),
  failuresPerAccount: integer({ min: 2, max: 1_000 }),
  windowMs: constant(3_600_000),
});

test("one more failure never makes a login easier, and no delay is longer than the longest", () => {
  assert(
    property(counts, network, limits, which, (before, known, bounds, key) => {
      const now = judge(before, known, bounds);
      const next = judge({ ...before, [key]: before[key] + 1 }, known, bounds);
      expect(next.delayMs).toBeGreaterThanOrEqual(now.delayMs);
      expect(next.delayMs).toBeLessThanOrEqual(LONGEST_DELAY_MS);
      expect(now.kind === "refuse" && next.kind === "pass").toBe(false);
    }),
  );
});

test("a network that is known better is never treated worse", () => {
  assert(
    property(counts, network, limits, (failures, known, bounds) => {
      const now = judge(failures, known, bounds);
      for (const better of [
        { ...known, isKnown: true },
        { ...known, isExempt: true },
        { ...known, accounts: known.accounts + 1 },
      ]) {
        const next = judge(failures, better, bounds);
        expect(next.delayMs).toBeLessThanOrEqual(now.delayMs);
        expect(now.kind === "pass" && next.kind === "refuse").toBe(false);
      }
    }),
  );
});

test("whatever a network has failed, the account of a user who comes from elsewhere is not touched by it", () => {
  assert(
    property(counts, limits, (failures, bounds) => {
      const elsewhere = { network: 0, account: failures.account, pair: 0 };
      const verdict = judge(elsewhere, { isKnown: true, accounts: 1, isExempt: false }, bounds);
      expect(verdict).toEqual({ kind: "pass", delayMs: 0 });
    }),
  );
});

test("what a source bears is never exceeded, and guessers never get the last half", () => {
  assert(
    property(count, count, count, count, count, (lastMinute, lastHour, failures, perMinute, perHour) => {
      if (!maySpend({ lastMinute, lastHour }, failures, { perMinute, perHour })) return;
      expect(lastMinute).toBeLessThan(perMinute);
      expect(lastHour).toBeLessThan(perHour);
      expect(failures > 5 && lastMinute >= perMinute / 2).toBe(false);
    }),
  );
});
