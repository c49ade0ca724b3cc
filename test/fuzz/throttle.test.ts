import fc from "fast-check";
import { expect, test } from "vitest";
import { judge, LONGEST_DELAY_MS, maySpend } from "../../src/model/throttle.ts";

const count = fc.nat({ max: 5_000 });
const counts = fc.record({ network: count, account: count, pair: count });
const network = fc.record({ isKnown: fc.boolean(), accounts: count, isExempt: fc.boolean() });
const limits = fc.record({
  failuresPerNetwork: fc.integer({ min: 1, max: 1_000 }),
  failuresPerAccount: fc.integer({ min: 2, max: 1_000 }),
  windowMs: fc.constant(3_600_000),
});

test("one more failure never makes a login easier, and no delay is longer than the longest", () => {
  fc.assert(
    fc.property(counts, network, limits, fc.constantFrom("network", "account", "pair"), (...args) => {
      const [before, known, bounds, which] = args;
      const now = judge(before, known, bounds);
      const next = judge({ ...before, [which]: before[which as keyof typeof before] + 1 }, known, bounds);
      expect(next.delayMs).toBeGreaterThanOrEqual(now.delayMs);
      expect(next.delayMs).toBeLessThanOrEqual(LONGEST_DELAY_MS);
      if (now.kind === "refuse") expect(next.kind).toBe("refuse");
    }),
  );
});

test("a network that is known better is never treated worse", () => {
  fc.assert(
    fc.property(counts, network, limits, (failures, known, bounds) => {
      const now = judge(failures, known, bounds);
      for (const better of [
        { ...known, isKnown: true },
        { ...known, isExempt: true },
        { ...known, accounts: known.accounts + 1 },
      ]) {
        const next = judge(failures, better, bounds);
        expect(next.delayMs).toBeLessThanOrEqual(now.delayMs);
        if (now.kind === "pass") expect(next.kind).toBe("pass");
      }
    }),
  );
});

test("whatever a network has failed, the account of a user who comes from elsewhere is not touched by it", () => {
  fc.assert(
    fc.property(counts, limits, (failures, bounds) => {
      const elsewhere = { network: 0, account: failures.account, pair: 0 };
      const verdict = judge(elsewhere, { isKnown: true, accounts: 1, isExempt: false }, bounds);
      expect(verdict).toEqual({ kind: "pass", delayMs: 0 });
    }),
  );
});

test("what a source bears is never exceeded, and guessers never get the last half", () => {
  fc.assert(
    fc.property(count, count, count, count, count, (lastMinute, lastHour, failures, perMinute, perHour) => {
      if (!maySpend({ lastMinute, lastHour }, failures, { perMinute, perHour })) return;
      expect(lastMinute).toBeLessThan(perMinute);
      expect(lastHour).toBeLessThan(perHour);
      if (failures > 5) expect(lastMinute).toBeLessThan(perMinute / 2);
    }),
  );
});
