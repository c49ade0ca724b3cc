import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Subject } from "../../../src/login/deps.ts";
import { withSourcePermit } from "../../../src/login/source-permit.ts";
import { Failure } from "../../../src/model/failure.ts";
import { openDatabase } from "../../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../../src/store/sqlite/store.ts";
import type { Store } from "../../../src/store/store.ts";
import { UngreetedError } from "../../../src/upstream/ungreeted.ts";

const SOURCE = "mail.old.example";
const SUBJECT = {
  account: { address: "anna@example.org" },
  domain: { source: { host: SOURCE, port: 143 } },
} as unknown as Subject;
const full = () => new Failure("source-limit", 'the source mail.old.example:143 turned us away: "too many"');

describe("a login that asks the old server", () => {
  let store: Store;

  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse("2026-03-01T10:00:00Z") });
    store = sqliteStore(openDatabase(":memory:"));
  });

  afterEach(async () => {
    vi.useRealTimers();
    await store.close();
  });

  const parts = () => ({
    deps: { store, clock: { now: () => Date.now() }, isDead: (owner: string) => owner === "dead" },
    limits: { asksPerSource: 2, sourceQueueMs: 20_000 },
    owner: "me",
  });

  /** Connections that the copier holds; what is returned gives one back. */
  async function copies(count: number): Promise<() => Promise<void>> {
    const permits: (number | null)[] = [];
    for (let at = 0; at < count; at += 1)
      permits.push(
        await store.budgets.take({
          source: SOURCE,
          account: `user${at}@example.org`,
          kind: "copy",
          owner: "copier",
          now: Date.now(),
          ttlMs: 600_000,
          bounds: { limit: 100, perAccount: 100 },
        }),
      );
    return async () => {
      const permit = permits.pop();
      if (permit) await store.budgets.release(permit);
    };
  }

  /** A server that refuses as long as `isFull` says so. */
  function asking(isFull: (tries: number) => boolean, failure: () => Failure = full) {
    let tries = 0;
    const answer = withSourcePermit(parts(), SUBJECT, async () => {
      tries += 1;
      if (isFull(tries)) throw failure();
      return "let in";
    });
    answer.catch(() => undefined);
    return { answer, tries: () => tries };
  }

  it.each([
    ["in words", full],
    [
      "in the words of a server that is asked too much",
      () =>
        new Failure("source-wait", "asks for a pause", {
          wait: { ms: 60_000, words: '"Too many simultaneous connections"' },
        }),
    ],
    [
      "without a word",
      () => new Failure("source-unreachable", "closed the connection", { cause: new UngreetedError() }),
    ],
  ])(
    "that is full of the copier's connections and says so %s gets in as soon as the copier has made room",
    async (_, failure) => {
      const giveBack = await copies(3);
      const { answer, tries } = asking((count) => count === 1, failure);
      await vi.advanceTimersByTimeAsync(500);
      expect(tries()).toBe(1);
      await giveBack();
      await vi.advanceTimersByTimeAsync(200);
      expect(await answer).toBe("let in");
      expect((await store.budgets.standing(SOURCE)).connections?.value).toBe(3);
    },
  );

  it("is told soon when the room that the copier made does not help", async () => {
    await copies(3);
    const { answer, tries } = asking(() => true);
    await vi.advanceTimersByTimeAsync(10_000);
    await expect(answer).rejects.toThrow("turned us away");
    expect(tries()).toBe(2);
  });

  it("is told at once where others than the copier use all connections up", async () => {
    const { answer, tries } = asking(() => true);
    await vi.advanceTimersByTimeAsync(0);
    await expect(answer).rejects.toThrow("turned us away");
    expect(tries()).toBe(1);
  });

  it("is told at once where the source is down", async () => {
    await copies(3);
    const { answer, tries } = asking(
      () => true,
      () => new Failure("source-unreachable", "connection refused"),
    );
    await vi.advanceTimersByTimeAsync(0);
    await expect(answer).rejects.toThrow("connection refused");
    expect(tries()).toBe(1);
  });

  /** As many logins of other processes as may ask at a time. */
  async function otherLogins(owner: string): Promise<(number | null)[]> {
    const bounds = { limit: 100, perAccount: 100 };
    const request = { source: SOURCE, kind: "login" as const, owner, now: Date.now(), ttlMs: 60_000, bounds };
    return [
      await store.budgets.take({ ...request, account: "bruno@example.org" }),
      await store.budgets.take({ ...request, account: "carla@example.org" }),
    ];
  }

  it("waits while logins of other processes ask it, and is told when they do not end", async () => {
    const [first] = await otherLogins("living");
    const patient = asking(() => false);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(patient.tries()).toBe(0);
    await store.budgets.release(first ?? -1);
    await vi.advanceTimersByTimeAsync(100);
    expect(await patient.answer).toBe("let in");
    await otherLogins("living");
    const late = asking(() => false);
    await vi.advanceTimersByTimeAsync(20_100);
    await expect(late.answer).rejects.toMatchObject({ kind: "too-busy" });
    expect(late.tries()).toBe(0);
  });

  it("does not wait for processes that have ended", async () => {
    await otherLogins("dead");
    const { answer } = asking(() => false);
    await vi.advanceTimersByTimeAsync(500);
    expect(await answer).toBe("let in");
  });
});
