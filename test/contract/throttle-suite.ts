import { afterEach, describe, expect, vi } from "vitest";
import type { RefusedPassword } from "../../src/store/store.ts";
import { testWithStore } from "./fixture.ts";
import { sampleAccount, sampleDomain, T1 } from "./samples.ts";
import type { OpenStore } from "./store-suite.ts";

const HOUR_MS = 3_600_000;
const NAME = "anna@a.it";
const DIGEST = Buffer.from("digest of a wrong one");

function refused(changes: Partial<RefusedPassword> = {}): RefusedPassword {
  return { name: NAME, domain: "a.it", digest: DIGEST, refusals: 1, againAt: 50, keptUntil: 100, ...changes };
}

export function throttleSuite(open: OpenStore): void {
  const test = testWithStore(open);
  describe("throttles", () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    test("failures are counted by key, and until the window that began with the first one ends", async ({
      store,
    }) => {
      vi.useFakeTimers({ toFake: ["Date"], now: 1_000_000 });
      const { throttles } = store;
      const keys = ["network 192.0.2.7", `account ${NAME}`];
      expect(await throttles.counts(keys)).toEqual([0, 0]);
      await throttles.count(keys, HOUR_MS);
      vi.setSystemTime(1_000_000 + HOUR_MS / 2);
      await throttles.count(keys.slice(1), HOUR_MS);
      expect(await throttles.counts(keys)).toEqual([1, 2]);
      expect(await throttles.list()).toEqual([
        { key: `account ${NAME}`, failures: 2, until: 1_000_000 + HOUR_MS },
        { key: "network 192.0.2.7", failures: 1, until: 1_000_000 + HOUR_MS },
      ]);
      vi.setSystemTime(1_000_000 + HOUR_MS);
      expect(await throttles.counts(keys)).toEqual([0, 0]);
      expect(await throttles.list()).toEqual([]);
      await throttles.count(keys.slice(0, 1), HOUR_MS);
      expect(await throttles.counts(keys)).toEqual([1, 0]);
    });

    test("counts that were made at the same time are all there", async ({ store }) => {
      await Promise.all(Array.from({ length: 20 }, () => store.throttles.count(["k", "l"], HOUR_MS)));
      expect(await store.throttles.counts(["k", "l"])).toEqual([20, 20]);
    });

    test("what is counted of a network or a name can be dropped, and of no other that looks like it", async ({
      store,
    }) => {
      const { throttles } = store;
      const keys = [`account ${NAME}`, `pair 192.0.2.7 ${NAME}`, "account joanna@a.it", "network 192.0.2.7"];
      await throttles.count(keys, HOUR_MS);
      expect(await throttles.clear(NAME)).toBe(2);
      expect(await throttles.counts(keys)).toEqual([0, 0, 1, 1]);
      expect(await throttles.clear("192.0.2")).toBe(0);
      expect(await throttles.clear("192.0.2.7")).toBe(1);
    });

    test("a refused password is new once, however often it comes, until it is forgotten", async ({
      store,
    }) => {
      const { throttles } = store;
      expect(await throttles.refused(NAME, DIGEST, 0)).toBeUndefined();
      expect(await throttles.noteRefused(refused(), 0)).toBe(true);
      expect(await throttles.noteRefused(refused({ refusals: 2, againAt: 90, keptUntil: 200 }), 60)).toBe(
        false,
      );
      expect(await throttles.refused(NAME, DIGEST, 60)).toEqual(
        refused({ refusals: 2, againAt: 90, keptUntil: 200 }),
      );
      expect(await throttles.refused(NAME, Buffer.from("another"), 60)).toBeUndefined();
      expect(await throttles.refused("bruno@a.it", DIGEST, 60)).toBeUndefined();
      expect(await throttles.refused(NAME, DIGEST, 200)).toBeUndefined();
      expect(await throttles.noteRefused(refused({ keptUntil: 500 }), 200)).toBe(true);
    });

    test("what happens to an account has its refused passwords asked again, which are no new ones for that", async ({
      store,
    }) => {
      const { throttles, accounts, domains } = store;
      await domains.add(sampleDomain("a.it", { state: "migrating" }));
      const againAt = async () => (await throttles.refused(NAME, DIGEST, 0))?.againAt;
      const credentials = { verifier: "v", sealedSource: null, sealedTarget: null };
      for (const happens of [
        () => accounts.addMany([sampleAccount(NAME)], T1),
        () => accounts.addMany([sampleAccount(NAME)], T1),
        () => accounts.putCredentials(NAME, credentials),
        () => accounts.apply(NAME, { kind: "captured" }, T1),
        () => domains.update("a.it", { state: "finalizing" }),
        () => throttles.askAgain(NAME),
      ]) {
        await throttles.noteRefused(refused(), 0);
        await throttles.noteRefused(refused({ name: "b@b.it", domain: "b.it" }), 0);
        expect(await againAt()).toBe(50);
        await happens();
        expect(await againAt()).toBe(0);
        expect(await throttles.noteRefused(refused(), 0)).toBe(false);
        expect(await throttles.refused("b@b.it", DIGEST, 0)).toMatchObject({ againAt: 50 });
      }
    });

    test("a network is known by the names that have logged in from it", async ({ store }) => {
      const { throttles } = store;
      expect(await throttles.acquaintance(NAME, "n", 0)).toEqual({ isKnown: false, accounts: 0 });
      await throttles.noteAcquaintance(NAME, "n", 0, 100);
      await throttles.noteAcquaintance(NAME, "n", 0, 150);
      await throttles.noteAcquaintance("bruno@a.it", "n", 0, 100);
      await throttles.noteAcquaintance("bruno@a.it", "m", 0, 100);
      expect(await throttles.acquaintance(NAME, "n", 0)).toEqual({ isKnown: true, accounts: 2 });
      expect(await throttles.acquaintance(NAME, "m", 0)).toEqual({ isKnown: false, accounts: 1 });
      expect(await throttles.acquaintance(NAME, "n", 149)).toEqual({ isKnown: true, accounts: 1 });
      expect(await throttles.acquaintance(NAME, "n", 150)).toEqual({ isKnown: false, accounts: 0 });
    });
  });

  describe("what is known of logins", () => {
    test("goes with the account, alone or with its domain", async ({ store }) => {
      const { throttles, accounts, domains } = store;
      await domains.add(sampleDomain("a.it"));
      const names = [NAME, "bruno@a.it", "carla@a.it"];
      const left = async () => {
        const known = await Promise.all(names.map((name) => throttles.acquaintance(name, "n", 0)));
        return names.filter((_, at) => known[at]?.isKnown);
      };
      await accounts.addMany(
        names.slice(0, 2).map((name) => sampleAccount(name)),
        T1,
      );
      for (const name of names) {
        await throttles.noteAcquaintance(name, "n", 0, 100);
        await throttles.noteRefused(refused({ name }), 0);
      }
      await accounts.remove(NAME);
      expect(await left()).toEqual(names.slice(1));
      expect(await throttles.refused(NAME, DIGEST, 0)).toBeUndefined();
      await domains.remove("a.it");
      expect(await left()).toEqual(names.slice(2));
    });
  });

  describe("turns", () => {
    const nobodyDied = () => false;
    test("are one owner's at a time for each name, until they end or run out", async ({
      store: { turns },
    }) => {
      expect(await turns.take(NAME, "me", 0, 100, nobodyDied)).toBe(true);
      expect(await turns.take(NAME, "you", 0, 100, nobodyDied)).toBe(false);
      expect(await turns.take("bruno@a.it", "you", 0, 100, nobodyDied)).toBe(true);
      await turns.end(NAME, "you");
      expect(await turns.take(NAME, "you", 99, 100, nobodyDied)).toBe(false);
      expect(await turns.take(NAME, "you", 100, 100, nobodyDied)).toBe(true);
      await turns.end(NAME, "me");
      expect(await turns.take(NAME, "me", 150, 100, nobodyDied)).toBe(false);
      await turns.end(NAME, "you");
      expect(await turns.take(NAME, "me", 150, 100, nobodyDied)).toBe(true);
    });

    test("of the dead have ended", async ({ store: { turns } }) => {
      await turns.take(NAME, "dead", 0, 100, nobodyDied);
      expect(await turns.take(NAME, "me", 0, 100, (owner) => owner === "dead")).toBe(true);
      expect(await turns.take(NAME, "you", 0, 100, (owner) => owner === "dead")).toBe(false);
    });
  });
}
