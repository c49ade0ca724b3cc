import { expect, test, vi } from "vitest";
import { type LiveSession, preLoginBounds, SessionRegistry } from "../../../src/session/registry.ts";
import { LIMITS } from "../../../src/wire/limits.ts";

function session(
  address = "192.0.2.1",
  account: string | null = null,
): LiveSession & { stop: ReturnType<typeof vi.fn> } {
  const openedAt = "2026-01-01T00:00:00.000Z";
  return {
    id: "s",
    protocol: "imap",
    client: { address, port: 1 },
    openedAt,
    account,
    counts: () => ({ toTarget: 0, toClient: 0 }),
    stop: vi.fn<() => void>(),
  };
}

test("a network may have so many sessions before login, and any number after it", () => {
  const registry = new SessionRegistry();
  const admissions = Array.from({ length: LIMITS.preLoginPerNetwork }, () => registry.admit(session()));
  expect(admissions).not.toContain(null);
  expect(registry.admit(session())).toBeNull();
  expect(registry.admit(session("192.0.2.2"))).not.toBeNull();
  admissions[0]?.loggedIn();
  admissions[0]?.loggedIn();
  expect(registry.admit(session())).not.toBeNull();
  expect(registry.admit(session())).toBeNull();
  admissions[0]?.leave();
  expect(registry.admit(session())).toBeNull();
  admissions[1]?.leave();
  expect(registry.admit(session())).not.toBeNull();
});

test("all networks together have a bound, too", () => {
  const registry = new SessionRegistry();
  const admitted = Array.from({ length: LIMITS.preLoginTotal + 1 }, (_, index) =>
    registry.admit(session(`10.${index >> 8}.${index & 255}.1`)),
  );
  expect(admitted.indexOf(null)).toBe(LIMITS.preLoginTotal);
});

test("connections whose load balancer has not said for whom it comes count among all of them, and for no network", () => {
  const registry = new SessionRegistry(null, { perNetwork: 1, total: 2 });
  const first = registry.awaitHeader();
  expect(registry.awaitHeader()).not.toBeNull();
  expect(registry.awaitHeader()).toBeNull();
  expect(registry.admit(session())).toBeNull();
  first?.();
  expect(registry.admit(session())).not.toBeNull();
});

test("draining stops those before login at once and waits for the others, who are stopped when the time is over", async () => {
  vi.useFakeTimers();
  const registry = new SessionRegistry();
  const [before, after] = [session(), session("192.0.2.2", "mario@example.it")];
  const admissions = [registry.admit(before), registry.admit(after)];
  let done = false;
  const drained = registry.drain(1_000).then(() => {
    done = true;
  });
  expect([before.stop.mock.calls.length, after.stop.mock.calls.length]).toEqual([1, 0]);
  expect(registry.admit(session())).toBeNull();
  admissions[0]?.leave();
  vi.advanceTimersByTime(1_000);
  expect(after.stop).toHaveBeenCalledTimes(1);
  await Promise.resolve();
  expect(done).toBe(false);
  admissions[1]?.leave();
  await drained;
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

test("whoever watches is told of every session that has logged in, once when it opens and once when it ends", () => {
  const told: string[] = [];
  const registry = new SessionRegistry({
    opened: (account) => told.push(`opened ${account}`),
    closed: (account) => told.push(`closed ${account}`),
  });
  const stranger = registry.admit(session());
  const anna = registry.admit(session("192.0.2.1", "anna@example.test"));
  anna?.loggedIn();
  anna?.loggedIn();
  stranger?.leave();
  anna?.leave();
  anna?.leave();
  expect(told).toEqual(["opened anna@example.test", "closed anna@example.test"]);
});

test("several processes share what the machine takes before login: the total exactly, a network's with room for chance", () => {
  const all = { perNetwork: LIMITS.preLoginPerNetwork, total: LIMITS.preLoginTotal };
  expect(preLoginBounds(1)).toEqual(all);
  expect(preLoginBounds(2)).toEqual({ perNetwork: all.perNetwork, total: all.total / 2 });
  expect(preLoginBounds(8)).toEqual({ perNetwork: all.perNetwork / 4, total: all.total / 8 });
  expect(preLoginBounds(1_024)).toEqual({ perNetwork: 25, total: 50 });
  const registry = new SessionRegistry(null, { perNetwork: 1, total: 2 });
  expect(registry.admit(session())).not.toBeNull();
  expect(registry.admit(session())).toBeNull();
  expect(registry.admit(session("192.0.2.2"))).not.toBeNull();
  expect(registry.admit(session("192.0.2.3"))).toBeNull();
});

test("where others have taken over, sessions before login may go on for a while", async () => {
  vi.useFakeTimers();
  const registry = new SessionRegistry();
  const [waiting, logged] = [session(), session("192.0.2.2", "anna@x.test")];
  const admissions = [registry.admit(waiting), registry.admit(logged)];
  const drained = registry.drain(60_000, 10_000);
  await vi.advanceTimersByTimeAsync(9_999);
  expect(waiting.stop).not.toHaveBeenCalled();
  expect(registry.draining).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(waiting.stop).toHaveBeenCalledWith("shutdown");
  expect(logged.stop).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(50_000);
  expect(logged.stop).toHaveBeenCalledWith("shutdown");
  for (const admission of admissions) admission?.leave();
  await drained;
  vi.useRealTimers();
});
