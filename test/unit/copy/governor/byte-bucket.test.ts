import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ByteBucket } from "../../../../src/copy/governor/byte-bucket.ts";

describe("the cap on octets", () => {
  const never = new AbortController().signal;
  beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => void vi.useRealTimers());

  /** Spends pieces one after the other and says how many milliseconds that took. */
  async function spent(rate: () => number | null, ...pieces: readonly number[]): Promise<number> {
    const bucket = new ByteBucket(() => Date.now(), rate);
    const began = Date.now();
    let ended = 0;
    const spending = (async () => {
      for (const octets of pieces) await bucket.spend(octets, never);
      ended = Date.now();
    })();
    await vi.advanceTimersByTimeAsync(60_000);
    await spending;
    return ended - began;
  }

  it("holds the mean rate over pieces of any size", async () => {
    expect(await spent(() => 1_000, 10_000)).toBe(10_000);
    expect(await spent(() => 1_000, ...Array.from({ length: 100 }, () => 100))).toBe(10_000);
  });

  it("takes a new rate over while somebody waits", async () => {
    const began = Date.now();
    expect(await spent(() => (Date.now() - began < 2_000 ? 1_000 : 4_000), 10_000)).toBeLessThanOrEqual(
      4_500,
    );
  });

  it("ends with the cap", async () => {
    const began = Date.now();
    expect(await spent(() => (Date.now() - began < 2_000 ? 1_000 : null), 10_000)).toBe(2_000);
  });

  it("does not wait longer than its caller", async () => {
    const bucket = new ByteBucket(
      () => Date.now(),
      () => 1,
    );
    const stop = new AbortController();
    const spending = bucket.spend(1_000_000, stop.signal);
    stop.abort(new Error("stopped"));
    await expect(spending).rejects.toThrow("stopped");
  });
});
