import { test as base, describe, expect } from "vitest";
import type { Queue } from "../../src/queue/queue.ts";
import type { Store } from "../../src/store/store.ts";
import { sampleAccount, sampleDomain, T1 } from "./samples.ts";

/** Opens a new, empty queue and the store beside it; `close` ends both and removes what they left. */
export type OpenQueue = () => Promise<{
  readonly queue: Queue;
  readonly store: Store;
  close(): Promise<void>;
}>;

const TTL_MS = 100;

/** What every implementation of `Queue` promises. */
export function queueSuite(name: string, open: OpenQueue): void {
  const test = base.extend<{ opened: Awaited<ReturnType<OpenQueue>>; queue: Queue; store: Store }>({
    // oxlint-disable-next-line no-empty-pattern -- vitest reads the fixture's needs from this pattern
    opened: async ({}, use) => {
      const opened = await open();
      await use(opened);
      await opened.close();
    },
    queue: async ({ opened }, use) => await use(opened.queue),
    store: async ({ opened }, use) => await use(opened.store),
  });
  const taken = async (queue: Queue, now: number, owner = "me") => {
    const lease = await queue.lease(owner, now, TTL_MS);
    if (lease === undefined) throw new Error("no job was due");
    return lease;
  };

  describe(`the queue on ${name}`, () => {
    test("gives what has been due longest, and nothing before its time", async ({ queue }) => {
      await queue.put("b@a.it", 20);
      await queue.put("a@a.it", 30);
      await queue.put("c@a.it", 10);
      expect(await queue.lease("me", 9, TTL_MS)).toBeUndefined();
      expect((await taken(queue, 25)).address).toBe("c@a.it");
      expect((await taken(queue, 25)).address).toBe("b@a.it");
      expect(await queue.lease("me", 29, TTL_MS)).toBeUndefined();
      expect((await taken(queue, 30)).address).toBe("a@a.it");
    });

    test("a put brings a turn forward and never puts it off", async ({ queue }) => {
      await queue.put("a@a.it", 50);
      await queue.put("a@a.it", 90);
      expect(await queue.lease("me", 49, TTL_MS)).toBeUndefined();
      await queue.put("a@a.it", 10);
      expect((await taken(queue, 10)).address).toBe("a@a.it");
    });

    test("an account is leased once at a time; a put meanwhile gives another turn", async ({ queue }) => {
      await queue.put("a@a.it", 0);
      const lease = await taken(queue, 5);
      await queue.put("a@a.it", 6);
      expect(await queue.lease("other", 50, TTL_MS)).toBeUndefined();
      await queue.finish(lease, 1000);
      expect((await taken(queue, 6)).address).toBe("a@a.it");
    });

    test("a finish sets the next turn, or none", async ({ queue }) => {
      await queue.put("a@a.it", 0);
      await queue.finish(await taken(queue, 0), 70);
      expect(await queue.lease("me", 69, TTL_MS)).toBeUndefined();
      await queue.finish(await taken(queue, 70), null);
      expect(await queue.lease("me", 1e12, TTL_MS)).toBeUndefined();
      await queue.put("a@a.it", 80);
      const lease = await taken(queue, 80);
      await queue.put("a@a.it", 95);
      await queue.finish(lease, null);
      expect((await taken(queue, 95)).address).toBe("a@a.it");
    });

    test("tokens grow with every lease of an account, even after its job was removed", async ({ queue }) => {
      const tokens: number[] = [];
      for (let turn = 0; turn < 4; turn += 1) {
        await queue.put("a@a.it", turn);
        const lease = await taken(queue, turn);
        tokens.push(lease.token);
        if (turn === 1) await queue.remove("a@a.it");
        else await queue.finish(lease, null);
      }
      expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
      expect(new Set(tokens).size).toBe(4);
    });

    test("an expired lease is taken over, and the first holder can neither renew nor end anything", async ({
      queue,
    }) => {
      await queue.put("a@a.it", 0);
      const first = await taken(queue, 0, "first");
      expect(await queue.lease("second", TTL_MS - 1, TTL_MS)).toBeUndefined();
      const second = await taken(queue, TTL_MS, "second");
      expect(second.token).toBeGreaterThan(first.token);
      expect(await queue.renew(first, TTL_MS, TTL_MS)).toBe(false);
      await queue.finish(first, null);
      await queue.fail(first, 0);
      expect(await queue.renew(second, TTL_MS, TTL_MS)).toBe(true);
      expect(await queue.lease("third", TTL_MS * 2 - 1, TTL_MS)).toBeUndefined();
    });

    test("a renewed lease lasts on", async ({ queue }) => {
      await queue.put("a@a.it", 0);
      const lease = await taken(queue, 0);
      expect(await queue.renew(lease, 90, TTL_MS)).toBe(true);
      expect(await queue.lease("other", 150, TTL_MS)).toBeUndefined();
      expect(await queue.lease("other", 190, TTL_MS)).toBeDefined();
    });

    test("failures in a row are counted, and a finish ends the row", async ({ queue }) => {
      await queue.put("a@a.it", 0);
      await queue.fail(await taken(queue, 0), 10);
      expect(await queue.lease("me", 9, TTL_MS)).toBeUndefined();
      const second = await taken(queue, 10);
      expect(second.failures).toBe(1);
      await queue.fail(second, 20);
      const third = await taken(queue, 20);
      expect(third.failures).toBe(2);
      await queue.finish(third, 30);
      expect((await taken(queue, 30)).failures).toBe(0);
    });

    test("one account can be asked for, even before its time", async ({ queue }) => {
      await queue.put("a@a.it", 0);
      await queue.put("b@a.it", 500);
      expect(await queue.lease("me", 10, TTL_MS, { address: "b@a.it" })).toBeUndefined();
      const filter = { address: "b@a.it", evenIfNotDue: true };
      const lease = await queue.lease("me", 10, TTL_MS, filter);
      expect(lease?.address).toBe("b@a.it");
      expect(await queue.lease("other", 20, TTL_MS, filter)).toBeUndefined();
      expect(await queue.lease("me", 10, TTL_MS, { address: "c@a.it", evenIfNotDue: true })).toBeUndefined();
    });

    test("accounts of some domains can be passed over, and jobs whose account is gone are not", async ({
      queue,
      store,
    }) => {
      for (const domain of ["a.it", "b.it"]) await store.domains.add(sampleDomain(domain));
      await store.accounts.addMany([sampleAccount("x@a.it"), sampleAccount("x@b.it")], T1);
      await queue.put("x@a.it", 0);
      await queue.put("x@b.it", 10);
      await queue.put("gone@c.it", 20);
      const without = (...notDomains: string[]) => queue.lease("me", 50, TTL_MS, { notDomains });
      expect((await without("a.it"))?.address).toBe("x@b.it");
      expect((await without("a.it", "b.it"))?.address).toBe("gone@c.it");
      expect(await without("a.it", "b.it")).toBeUndefined();
      expect((await without())?.address).toBe("x@a.it");
    });

    test("the leases of the dead are given back at once, those of the living are not", async ({ queue }) => {
      await queue.put("a@a.it", 0);
      await queue.put("b@a.it", 0);
      await taken(queue, 5, "dead");
      const living = await taken(queue, 5, "living");
      expect(await queue.releaseDead((owner) => owner === "dead")).toBe(1);
      expect((await taken(queue, 5, "new")).address).toBe("a@a.it");
      expect(await queue.renew(living, 5, TTL_MS)).toBe(true);
    });

    test("a removed job is gone, and its holder learns it at the next renewal", async ({ queue }) => {
      await queue.put("a@a.it", 0);
      const lease = await taken(queue, 0);
      await queue.remove("a@a.it");
      expect(await queue.renew(lease, 1, TTL_MS)).toBe(false);
      await queue.fail(lease, 0);
      expect(await queue.lease("me", 1e6, TTL_MS)).toBeUndefined();
    });

    test("the depth counts what is due and what of it is being done", async ({ queue }) => {
      for (const [address, dueAt] of [
        ["a@a.it", 0],
        ["b@a.it", 5],
        ["c@a.it", 50],
      ] as const)
        await queue.put(address, dueAt);
      expect(await queue.depth(10)).toEqual({ due: 2, leased: 0 });
      await taken(queue, 10);
      expect(await queue.depth(10)).toEqual({ due: 2, leased: 1 });
      expect(await queue.depth(10 + TTL_MS)).toEqual({ due: 3, leased: 0 });
    });
  });
}
