import { afterEach, expect, test, vi } from "vitest";
import type { CopyDeps } from "../../../../src/copy/deps.ts";
import { FOLLOW_PACE, followInbox } from "../../../../src/copy/following/follow-inbox.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("where no connection is to spare one is asked for again within seconds, but the account is made due no more often than before", async () => {
  vi.useFakeTimers();
  let asked = 0;
  let due = 0;
  const ending = new AbortController();
  const source = { host: "old.test", port: 143 };
  const account = { address: "anna@a.test", domain: "a.test", state: "captured", reason: null };
  const deps = {
    store: {
      accounts: { get: async () => account },
      domains: { get: async () => ({ name: "a.test", state: "migrating", source }) },
    },
    governor: {
      tryPermit: async () => {
        asked += 1;
        return null;
      },
    },
  } as unknown as CopyDeps;
  const following = followInbox({
    deps,
    pace: FOLLOW_PACE,
    address: account.address,
    signal: ending.signal,
    onNews: async () => {
      due += 1;
    },
  });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toBeGreaterThanOrEqual(3);
  expect(due).toBe(1);
  await vi.advanceTimersByTimeAsync(10 * FOLLOW_PACE.withoutPermitMs);
  expect(due).toBeGreaterThan(3);
  expect(due).toBeLessThan(15);
  ending.abort();
  await following;
});
