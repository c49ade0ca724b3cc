import { describe, expect, test } from "vitest";
import { RateMeter } from "../../../src/cli/rate-meter.ts";
import type { Account } from "../../../src/model/account.ts";

const NOW = 1_800_000_000_000;

describe("the rate", () => {
  test("is calm: what was long ago fades, and one look does not throw it about", () => {
    const rates = new RateMeter();
    const seen: number[] = [];
    let bytes = 0;
    for (let second = 0; second <= 120; second += 1) {
      // Two seconds with nothing, then three megabytes at once: a megabyte a second.
      if (second % 3 === 0) bytes += 3_000_000;
      rates.note(account({ bytesCopied: bytes }), NOW + second * 1000);
      if (second > 60) seen.push(rates.rate("anna@example.org")?.bytesPerSecond ?? 0);
    }
    expect(Math.min(...seen)).toBeGreaterThan(850_000);
    expect(Math.max(...seen)).toBeLessThan(1_150_000);
  });

  test("follows a copy that becomes faster within a minute", () => {
    const rates = new RateMeter();
    let messages = 0;
    for (let second = 0; second <= 120; second += 1) {
      messages += second < 60 ? 10 : 100;
      rates.note(account({ messagesCopied: messages }), NOW + second * 1000);
    }
    expect(rates.rate("anna@example.org")?.messagesPerSecond).toBeGreaterThan(90);
  });

  test("is not known before there is something to tell it from", () => {
    const rates = new RateMeter();
    rates.note(account({ bytesCopied: 1_000_000 }), NOW);
    rates.note(account({ bytesCopied: 2_000_000 }), NOW + 250);
    expect(rates.rate("anna@example.org")).toBeNull();
    rates.note(account({ bytesCopied: 4_000_000 }), NOW + 4_000);
    expect(rates.rate("anna@example.org")?.bytesPerSecond).toBeGreaterThan(0);
    expect(rates.rate("somebody@example.org")).toBeNull();
  });

  test("loses nothing when a later pass counts from its beginning, and gains nothing", () => {
    const rates = new RateMeter();
    rates.note(account({ bytesCopied: 1000 }), NOW);
    rates.note(account({ bytesCopied: 5000 }), NOW + 4000);
    rates.note(account({ bytesCopied: 10 }), NOW + 4250);
    const rate = rates.rate("anna@example.org")?.bytesPerSecond ?? 0;
    expect(rate).toBeGreaterThan(800);
    expect(rate).toBeLessThan(1000);
  });

  test("of an address that was removed and imported again begins anew", () => {
    const rates = new RateMeter();
    for (const second of [0, 4]) rates.note(account({ bytesCopied: second * 100 }), NOW + second * 1000);
    rates.note(account({ createdAt: "2026-02-02T00:00:00.000Z" }), NOW + 5000);
    expect(rates.rate("anna@example.org")).toBeNull();
  });
});

describe("all together", () => {
  test("are the sum of those whose totals are known, and take the time of what is left", () => {
    const rates = new RateMeter();
    const half = (address: string) =>
      account({ address, bytesCopied: 5e6, bytesTotal: 1e7, messagesCopied: 5, messagesTotal: 10 });
    const accounts = [half("a@example.org"), half("b@example.org"), account({ address: "c@example.org" })];
    for (const one of accounts) rates.note({ ...one, bytesCopied: 0, messagesCopied: 0 }, NOW);
    for (const one of accounts) rates.note(one, NOW + 5000);
    expect(rates.totals(accounts)).toEqual({
      messagesCopied: 10,
      messagesTotal: 20,
      bytesCopied: 1e7,
      bytesTotal: 2e7,
      rate: { bytesPerSecond: 2e6, messagesPerSecond: 2 },
      secondsLeft: 5,
    });
    expect(rates.totals([account({})])).toBeNull();
  });
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
