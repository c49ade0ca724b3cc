import { describe, expect } from "vitest";
import { afterRefusal, UNKNOWN_STANDING } from "../../src/model/source-standing.ts";
import type { PermitRequest } from "../../src/store/store.ts";
import { testWithStore } from "./fixture.ts";
import { sampleAccount, sampleDomain, T1 } from "./samples.ts";
import type { OpenStore } from "./store-suite.ts";

const SOURCE = "mail.old.example";

function request(changes: Partial<PermitRequest> = {}): PermitRequest {
  return {
    source: SOURCE,
    account: "anna@a.it",
    kind: "copy",
    owner: "me",
    now: 0,
    ttlMs: 100,
    bounds: { limit: 4, perAccount: 2 },
    ...changes,
  };
}

export function budgetSuite(open: OpenStore): void {
  const test = testWithStore(open);
  describe("budgets", () => {
    test("connections to a source are counted, whoever holds them, up to the limit", async ({ store }) => {
      const { budgets } = store;
      for (const owner of ["me", "you", "me"])
        expect(
          await budgets.take(request({ owner, account: `${owner}${Math.random()}@a.it` })),
        ).not.toBeNull();
      // The last one is a login's.
      expect(await budgets.take(request({ account: "carla@a.it" }))).toBeNull();
      expect(await budgets.take(request({ kind: "login" }))).not.toBeNull();
      expect(await budgets.take(request({ source: "another.example" }))).not.toBeNull();
      expect(await budgets.use(SOURCE, "carla@a.it", 0)).toEqual({
        logins: 1,
        sessions: 0,
        copies: 3,
        follows: 0,
        copiesOfAccount: 0,
      });
    });

    test("sessions at the source are counted apart: they are neither logins nor copies", async ({
      store,
    }) => {
      const permit = await store.budgets.take(request({ kind: "session" }));
      expect(permit).not.toBeNull();
      const none = { logins: 0, copies: 0, follows: 0, copiesOfAccount: 0 };
      expect(await store.budgets.use(SOURCE, "anna@a.it", 0)).toEqual({ ...none, sessions: 1 });
      await store.budgets.release(permit ?? 0);
      expect(await store.budgets.use(SOURCE, "anna@a.it", 0)).toEqual({ ...none, sessions: 0 });
    });

    test("an account has its own bound", async ({ store }) => {
      const bounds = { limit: 100, perAccount: 2 };
      expect(await store.budgets.take(request({ bounds }))).not.toBeNull();
      expect(await store.budgets.take(request({ bounds }))).not.toBeNull();
      expect(await store.budgets.take(request({ bounds }))).toBeNull();
      expect(await store.budgets.take(request({ bounds, kind: "follow" }))).not.toBeNull();
      expect(await store.budgets.take(request({ bounds, account: "bruno@a.it" }))).not.toBeNull();
      expect(await store.budgets.use(SOURCE, "anna@a.it", 0)).toMatchObject({
        copies: 4,
        copiesOfAccount: 2,
      });
    });

    test("what is released, or not renewed in time, counts no more", async ({ store }) => {
      const bounds = { limit: 2, perAccount: 2 };
      const first = await store.budgets.take(request({ bounds }));
      expect(await store.budgets.take(request({ bounds }))).toBeNull();
      await store.budgets.release(first ?? -1);
      expect(await store.budgets.take(request({ bounds }))).not.toBeNull();
      await store.budgets.renew("me", 50, 100);
      await store.budgets.renew("you", 140, 100);
      expect(await store.budgets.take(request({ bounds, now: 149 }))).toBeNull();
      expect(await store.budgets.take(request({ bounds, now: 150 }))).not.toBeNull();
      expect((await store.budgets.use(SOURCE, "anna@a.it", 150)).copies).toBe(1);
    });

    test("the permits of the dead are dropped, those of the living are not", async ({ store }) => {
      await store.budgets.take(request({ owner: "dead" }));
      await store.budgets.take(request({ owner: "living" }));
      expect(await store.budgets.releaseDead((owner) => owner === "dead")).toBe(1);
      expect((await store.budgets.use(SOURCE, "anna@a.it", 0)).copies).toBe(1);
    });

    test("what is known of a source is kept, every part of it", async ({ store }) => {
      expect(await store.budgets.standing(SOURCE)).toEqual(UNKNOWN_STANDING);
      const refused = { held: 5, heldByAccount: 2, at: 7, words: '"[LIMIT] là"' };
      const learned = await store.budgets.changeStanding(SOURCE, (now) => afterRefusal(now, refused));
      expect(learned.connections).toEqual({ value: 4, at: 7, words: '"[LIMIT] là"' });
      expect(await store.budgets.standing(SOURCE)).toEqual(learned);
      expect(await store.budgets.standings()).toEqual(new Map([[SOURCE, learned]]));
    });

    test("a change that throws changes nothing", async ({ store }) => {
      const broken = store.budgets.changeStanding(SOURCE, () => {
        throw new Error("no");
      });
      await expect(broken).rejects.toThrow("no");
      expect(await store.budgets.standings()).toEqual(new Map());
    });

    test("a domain's accounts on their way are told what they wait for, the others are not", async ({
      store,
    }) => {
      const { accounts } = store;
      await store.domains.add(sampleDomain("a.it"));
      const names = ["waiting", "copying", "synced", "stuck"];
      await accounts.addMany(
        names.map((name) => sampleAccount(`${name}@a.it`)),
        T1,
      );
      for (const name of names.slice(1)) await accounts.apply(`${name}@a.it`, { kind: "captured" }, T1);
      await accounts.apply("copying@a.it", { kind: "copy-started" }, T1);
      await accounts.apply("synced@a.it", { kind: "synced" }, T1);
      await accounts.apply("stuck@a.it", { kind: "attention", reason: "internal", message: "act" }, T1);
      const messages = () =>
        Promise.all(names.map(async (name) => (await accounts.get(`${name}@a.it`))?.message ?? null));
      await accounts.sourceWaits("a.it", "waiting");
      expect(await messages()).toEqual([null, "waiting", null, "act"]);
      await accounts.sourceWaits("a.it", null);
      expect(await messages()).toEqual([null, null, null, "act"]);
    });
  });
}
