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

test("all networks together have a bound, too: beyond it who has waited longest must go, of those that most come from one network", () => {
  const registry = new SessionRegistry(null, { perNetwork: 10, total: 5 });
  const crowd = ["192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.1", "192.0.2.2"].map((address) =>
    session(address),
  );
  const admissions = crowd.map((one) => registry.admit(one));
  const stopped = () => crowd.flatMap((one, at) => (one.stop.mock.calls.length > 0 ? [at] : []));
  expect(stopped()).toEqual([]);
  expect(registry.admit(session("198.51.100.1"))).not.toBeNull();
  expect(stopped()).toEqual([0]);
  expect(crowd[0]?.stop).toHaveBeenCalledExactlyOnceWith("crowded");
  expect(registry.admit(session("198.51.100.2"))).not.toBeNull();
  expect(stopped()).toEqual([0, 2]);
  // Their leaving frees no second place.
  admissions[0]?.leave();
  admissions[2]?.leave();
  expect(registry.admit(session("192.0.2.2"))).toBeNull();
  // Where one is as good as the other, the longest waiting has had its time.
  expect(registry.admit(session("198.51.100.3"))).not.toBeNull();
  expect(registry.admit(session("198.51.100.4"))).not.toBeNull();
  expect(stopped()).toHaveLength(4);
  expect(registry.count).toBe(7);
});

test("whoever is turned away hears so, unless too many do at once", () => {
  const registry = new SessionRegistry();
  const hearing = Array.from({ length: LIMITS.turnedAway }, () => registry.turnAway());
  expect(hearing).not.toContain(null);
  expect(registry.turnAway()).toBeNull();
  hearing[0]?.();
  expect(registry.turnAway()).not.toBeNull();
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
  const first = session();
  expect(registry.admit(first)).not.toBeNull();
  expect(registry.admit(session())).toBeNull();
  expect(registry.admit(session("192.0.2.2"))).not.toBeNull();
  expect(first.stop).not.toHaveBeenCalled();
  expect(registry.admit(session("192.0.2.3"))).not.toBeNull();
  expect(first.stop).toHaveBeenCalledWith("crowded");
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
