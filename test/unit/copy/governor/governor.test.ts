import { hostname } from "node:os";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { GovernorLimits } from "../../../../src/copy/governor/deps.ts";
import { createGovernor, type Governor } from "../../../../src/copy/governor/governor.ts";
import { createLog } from "../../../../src/log/log.ts";
import { afterSuccess, NEVER_TRIED } from "../../../../src/model/breaker.ts";
import { Failure } from "../../../../src/model/failure.ts";
import { openDatabase } from "../../../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../../../src/store/sqlite/store.ts";
import { UngreetedError } from "../../../../src/upstream/ungreeted.ts";

const SOURCE = { host: "Mail.Old.Example", port: 993 };
const NAME = "mail.old.example";
const LIMITS: GovernorLimits = {
  connectionsPerSource: 4,
  pairsPerAccount: 2,
  bytesPerSecond: null,
  night: null,
};

const refusal = () =>
  new Failure("source-limit", 'the source mail.old.example:993 turned the connection away (BYE): "too many"');
const unreachable = () => new Failure("source-unreachable", "the source cannot be used: refused");

describe("the governor", () => {
  const never = new AbortController().signal;
  const database = { store: sqliteStore(openDatabase(":memory:")) };

  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse("2026-03-01T10:00:00Z") });
    database.store = sqliteStore(openDatabase(":memory:"));
  });

  afterEach(async () => {
    vi.useRealTimers();
    await database.store.close();
  });

  /** The governor of another process, as far as the store can tell. */
  function made(limits: Partial<GovernorLimits> = {}, owner = "me"): Governor {
    const log = createLog({ level: "error", stream: { write: () => {} } });
    const clock = { now: () => Date.now() };
    return createGovernor({ store: database.store, clock, log, owner, copy: { ...LIMITS, ...limits } });
  }

  const failing = (error: Error) => async () => {
    throw error;
  };

  it("hands out what the source grants, but for what logins may need, and goes on as soon as one is given back", async () => {
    const governor = made();
    const held = [];
    for (const user of ["a", "b", "c"]) held.push(await governor.permit(SOURCE, `${user}@a.it`, never));
    let got = false;
    const fourth = governor.permit({ host: NAME, port: 143 }, "d@a.it", never).then((permit) => {
      got = true;
      return permit;
    });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(got).toBe(false);
    await held[0]?.release();
    expect((await fourth).account).toBe("d@a.it");
  });

  it("counts what other processes hold", async () => {
    const [one, other] = [made({}, "one"), made({}, "other")];
    const held = [];
    for (const user of ["a", "b", "c"]) held.push(await one.permit(SOURCE, `${user}@a.it`, never));
    expect(await other.tryPermit(SOURCE, "d@a.it")).toBeNull();
    const waiting = other.permit(SOURCE, "d@a.it", never);
    await held[1]?.release();
    await vi.advanceTimersByTimeAsync(300);
    expect((await waiting).account).toBe("d@a.it");
  });

  it("renews what it holds", async () => {
    const governor = made({ connectionsPerSource: 2 });
    await governor.permit(SOURCE, "a@a.it", never);
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(await made({ connectionsPerSource: 2 }, "other").tryPermit(SOURCE, "b@a.it")).toBeNull();
  });

  it("gives back later what the store would not take back, and does not renew it for ever", async () => {
    const governor = made({ connectionsPerSource: 2 });
    const permit = await governor.permit(SOURCE, "a@a.it", never);
    const { budgets } = database.store;
    vi.spyOn(budgets, "release").mockRejectedValueOnce(new Error("database is locked"));
    await permit.release();
    const other = made({ connectionsPerSource: 2 }, "other");
    expect(await other.tryPermit(SOURCE, "b@a.it")).toBeNull();
    await vi.advanceTimersByTimeAsync(16_000);
    expect(await other.tryPermit(SOURCE, "b@a.it")).not.toBeNull();
  });

  it("does not wait for a process of this machine that was killed", async () => {
    const owner = `${hostname()}/2147483646/1/x`;
    await made({ connectionsPerSource: 1 }, owner).permit(SOURCE, "a@a.it", never);
    const waiting = made({ connectionsPerSource: 1 }).permit(SOURCE, "b@a.it", never);
    await vi.advanceTimersByTimeAsync(500);
    expect((await waiting).account).toBe("b@a.it");
  });

  it("gives further pairs to an account within its bound, and none while others wait for their first", async () => {
    const governor = made({ connectionsPerSource: 4 });
    await governor.permit(SOURCE, "a@a.it", never);
    const second = await governor.tryPermit(SOURCE, "a@a.it");
    expect(second).not.toBeNull();
    expect(await governor.tryPermit(SOURCE, "a@a.it")).toBeNull();
    const follow = await governor.tryPermit(SOURCE, "a@a.it", "follow");
    expect(follow).not.toBeNull();
    const waiting = governor.permit(SOURCE, "b@a.it", never);
    await vi.advanceTimersByTimeAsync(10);
    expect(follow?.isOverdrawn).toBe(true);
    const given = follow?.release();
    expect(await governor.tryPermit(SOURCE, "c@a.it")).toBeNull();
    await given;
    expect((await waiting).account).toBe("b@a.it");
  });

  it("ends waiting when it is told to", async () => {
    const governor = made({ connectionsPerSource: 1 });
    await governor.permit(SOURCE, "a@a.it", never);
    const stop = new AbortController();
    const waiting = governor.permit(SOURCE, "b@a.it", stop.signal);
    stop.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow("stopped");
  });

  it("keeps a reserved permit for the account, and gives it back where it was not used", async () => {
    const governor = made({ connectionsPerSource: 1 });
    await governor.reserved(SOURCE, "a@a.it", never, async () => {
      const permit = await governor.permit(SOURCE, "a@a.it", never);
      expect(await governor.tryPermit(SOURCE, "b@a.it")).toBeNull();
      await permit.release();
    });
    await governor.reserved(SOURCE, "a@a.it", never, async () => {});
    expect(await governor.tryPermit(SOURCE, "b@a.it")).not.toBeNull();
  });

  it("learns from a refusal what the source bears, remembers it over a restart, and grows back", async () => {
    const governor = made({ connectionsPerSource: 8 });
    const held = [];
    for (const user of ["a", "b", "c"]) held.push(await governor.permit(SOURCE, `${user}@a.it`, never));
    const third = held[2];
    if (!third) throw new Error("no permit");
    await expect(governor.opening(third, failing(refusal()))).rejects.toThrow("too many");
    expect(governor.limit(SOURCE)).toBe(2);
    await held[1]?.release();
    const restarted = made({ connectionsPerSource: 8 }, "me again");
    expect(await restarted.tryPermit(SOURCE, "d@a.it")).toBeNull();
    expect(restarted.limit(SOURCE)).toBe(2);
    await vi.advanceTimersByTimeAsync(12 * 60_000);
    expect(restarted.limit(SOURCE)).toBe(5);
    expect(await restarted.tryPermit(SOURCE, "d@a.it")).not.toBeNull();
  });

  it("takes a connection that ends without a greeting for one too many where others stand, and for a refusal where none does", async () => {
    const ungreeted = () =>
      new Failure("source-unreachable", "closed without a greeting", { cause: new UngreetedError() });
    const governor = made({ connectionsPerSource: 8 });
    await governor.opening(await governor.permit(SOURCE, "a@a.it", never), async () => "in");
    const second = await governor.permit(SOURCE, "b@a.it", never);
    await expect(governor.opening(second, failing(ungreeted()))).rejects.toThrow("without a greeting");
    expect(governor.limit(SOURCE)).toBe(1);
    const alone = made({ connectionsPerSource: 8 }, "elsewhere");
    const other = { host: "mail.other.example", port: 143 };
    const first = await alone.permit(other, "a@b.it", never);
    await expect(alone.opening(first, failing(ungreeted()))).rejects.toThrow("without a greeting");
    expect(alone.limit(other)).toBe(8);
    await alone.permit(other, "a@b.it", never);
    const next = await alone.permit(other, "b@b.it", never);
    const ofTarget = new Failure("target-unreachable", "the target closed", { cause: new UngreetedError() });
    await expect(alone.opening(next, failing(ofTarget))).rejects.toThrow("the target");
    expect(alone.limit(other)).toBe(8);
  });

  it("leaves a source alone that has begun to refuse everybody, and goes on when a probe gets in", async () => {
    const governor = made({ connectionsPerSource: 8 });
    await governor.opening(await governor.permit(SOURCE, "a@a.it", never), async () => "in");
    for (let account = 0; account < 5; account += 1) {
      const permit = await governor.permit(SOURCE, `${account}@a.it`, never);
      await expect(governor.opening(permit, failing(unreachable()))).rejects.toThrow("refused");
      await vi.advanceTimersByTimeAsync(5_000);
    }
    const kept = governor.permit(SOURCE, "z@a.it", never);
    await expect(kept).rejects.toMatchObject({ kind: "source-wait", wait: { ms: 55_000 } });
    await vi.advanceTimersByTimeAsync(55_000);
    const probe = await governor.permit(SOURCE, "z@a.it", never);
    await expect(made({}, "other").permit(SOURCE, "y@a.it", never)).rejects.toMatchObject({
      kind: "source-wait",
    });
    await governor.opening(probe, async () => "in");
    expect((await governor.permit(SOURCE, "y@a.it", never)).account).toBe("y@a.it");
  });

  it("obeys the pause that the source asked for, even if the user logs in meanwhile", async () => {
    const governor = made();
    const wait = new Failure("source-wait", "asks for a pause", {
      wait: { ms: 60_000, words: '"throttled"' },
    });
    governor.noteWait("a@a.it", wait);
    await vi.advanceTimersByTimeAsync(20_000);
    await expect(governor.permit(SOURCE, "a@a.it", never)).rejects.toMatchObject({
      kind: "source-wait",
      wait: { ms: 40_000, words: '"throttled"' },
    });
    expect((await governor.permit(SOURCE, "b@a.it", never)).account).toBe("b@a.it");
    await vi.advanceTimersByTimeAsync(40_000);
    expect((await governor.permit(SOURCE, "a@a.it", never)).account).toBe("a@a.it");
  });

  it("gives way to a login that needs the only connection", async () => {
    const governor = made({ connectionsPerSource: 1 });
    await governor.permit(SOURCE, "a@a.it", never);
    await governor.pace(SOURCE, never);
    await database.store.budgets.take({
      source: NAME,
      account: "b@a.it",
      kind: "login",
      owner: "login",
      now: Date.now(),
      ttlMs: 60_000,
      bounds: { limit: 1, perAccount: 1 },
    });
    await vi.advanceTimersByTimeAsync(1_000);
    await expect(governor.pace(SOURCE, never)).rejects.toMatchObject({
      kind: "source-wait",
      wait: { words: null },
    });
  });

  it("takes fewer connections from a source that slows down, and pauses", async () => {
    const governor = made({ connectionsPerSource: 9 });
    const held = [];
    for (let user = 0; user < 6; user += 1) held.push(await governor.permit(SOURCE, `${user}@a.it`, never));
    for (let at = 0; at < 5; at += 1) governor.noteLatency(SOURCE, 10);
    expect(held[5]?.isOverdrawn).toBe(false);
    governor.noteLatency(SOURCE, 5_000);
    expect(held[5]?.isOverdrawn).toBe(true);
    for (const permit of held.slice(3)) await permit.release();
    expect(held[0]?.isOverdrawn).toBe(false);
    expect(await governor.tryPermit(SOURCE, "0@a.it")).toBeNull();
  });

  it("lets octets pass at the rate that is set, and all of them where none is", async () => {
    const governor = made({ bytesPerSecond: 1_000 });
    expect(governor.capped(SOURCE)).toBe(true);
    const began = Date.now();
    const spent = Promise.all([1, 2, 3].map(() => governor.spend(SOURCE, 1_000, never)));
    await vi.advanceTimersByTimeAsync(10_000);
    await spent;
    governor.setLimits({ ...LIMITS, bytesPerSecond: null });
    expect(governor.capped(SOURCE)).toBe(false);
    await governor.spend(SOURCE, 1_000_000, never);
    expect(Date.now()).toBe(began + 10_000);
  });

  it("bounds what is asked for at once by the cap, less where more connections share it", async () => {
    expect(made().portion(SOURCE)).toBeNull();
    const governor = made({ bytesPerSecond: 100_000 });
    const permits = [await governor.permit(SOURCE, "a@a.it", never)];
    expect(governor.portion(SOURCE)).toBe(200_000);
    permits.push(await governor.permit(SOURCE, "b@a.it", never));
    expect(governor.portion(SOURCE)).toBe(100_000);
  });

  it("takes new limits over at once", async () => {
    const governor = made({ connectionsPerSource: 1 });
    await governor.permit(SOURCE, "a@a.it", never);
    const waiting = governor.permit(SOURCE, "b@a.it", never);
    await vi.advanceTimersByTimeAsync(10);
    governor.setLimits({ ...LIMITS, connectionsPerSource: 8 });
    expect((await waiting).account).toBe("b@a.it");
  });

  it("writes nothing for connections that go as they should", async () => {
    const governor = made();
    const worked = { ...NEVER_TRIED };
    await database.store.budgets.changeStanding(NAME, (now) => ({
      ...now,
      breaker: afterSuccess(worked, 1),
    }));
    const change = vi.spyOn(database.store.budgets, "changeStanding");
    await governor.opening(await governor.permit(SOURCE, "a@a.it", never), async () => "in");
    expect(change).not.toHaveBeenCalled();
  });
});
