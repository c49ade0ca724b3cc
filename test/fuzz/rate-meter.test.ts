import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RateMeter } from "../../src/cli/rate-meter.ts";
import type { Account, AccountState } from "../../src/model/account.ts";

const NOW = 1_800_000_000_000;

test("whatever the counts do: never above 100 %, never back, no negative rate, and never no time left before the end", () => {
  const count = fc.option(fc.nat(1000), { nil: null });
  const look = fc.record({
    afterMs: fc.nat(30_000),
    state: fc.constantFrom<AccountState>("captured", "copying", "attention"),
    messagesCopied: count,
    messagesTotal: count,
    bytesCopied: count,
    bytesTotal: count,
  });
  fc.assert(
    fc.property(fc.array(look, { maxLength: 40 }), (looks) => {
      const rates = new RateMeter();
      let at = NOW;
      let before = 0;
      for (const { afterMs, ...counts } of looks) {
        at += afterMs;
        const one = account(counts);
        rates.note(one, at);
        const fraction = rates.fraction(one);
        expect(fraction).toBeGreaterThanOrEqual(before);
        expect(fraction).toBeLessThan(1);
        before = fraction;
        const rate = rates.rate(one.address);
        expect(Math.min(rate?.bytesPerSecond ?? 0, rate?.messagesPerSecond ?? 0)).toBeGreaterThanOrEqual(0);
        expect(rates.secondsLeft(one) ?? 1).toBeGreaterThanOrEqual(1);
        const totals = rates.totals([one]);
        expect(totals?.messagesCopied ?? 0).toBeLessThanOrEqual(totals?.messagesTotal ?? 0);
        expect(totals?.bytesCopied ?? 0).toBeLessThanOrEqual(totals?.bytesTotal ?? Number.POSITIVE_INFINITY);
        expect(totals?.secondsLeft ?? 1).toBeGreaterThanOrEqual(1);
      }
      expect(rates.fraction(account({ state: "synced" }))).toBe(1);
    }),
  );
});

function account(parts: Partial<Account>): Account {
  return {
    address: "anna@example.org",
    domain: "example.org",
    state: "copying",
    reason: null,
    message: null,
    sourceLogin: null,
    createdAt: "2026-01-01T00:00:00.000Z",
    firstLoginAt: null,
    copyStartedAt: null,
    syncedAt: null,
    lastPassAt: null,
    failedLogins: 0,
    lastFailedLoginAt: null,
    foldersTotal: null,
    foldersDone: null,
    messagesTotal: null,
    messagesCopied: null,
    bytesTotal: null,
    bytesCopied: null,
    quarantined: 0,
    ...parts,
  };
}
