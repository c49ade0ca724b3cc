import { describe, expect } from "vitest";
import { NotFoundError, type Store } from "../../src/store/store.ts";
import { testWithStore } from "./fixture.ts";
import { sampleAccount, sampleDomain, T1, T2, T3 } from "./samples.ts";
import type { OpenStore } from "./store-suite.ts";

async function fill(store: Store, domain: string, count: number): Promise<string[]> {
  await store.domains.add(sampleDomain(domain));
  const addresses = Array.from({ length: count }, (_, at) => `user${String(at).padStart(5, "0")}@${domain}`);
  await store.accounts.addMany(
    addresses.map((address) => sampleAccount(address)),
    T1,
  );
  return addresses;
}

async function listed(store: Store, filter: Parameters<Store["accounts"]["list"]>[0]): Promise<string[]> {
  const addresses: string[] = [];
  for await (const account of store.accounts.list(filter)) addresses.push(account.address);
  return addresses;
}

export function accountSuite(open: OpenStore): void {
  const test = testWithStore(open);
  describe("accounts", () => {
    test("a login finds domain, account and credentials at once, as they are found one by one", async ({
      store,
    }) => {
      const [address = "", other = ""] = await fill(store, "a.it", 2);
      await store.domains.add(sampleDomain("b.it"));
      const credentials = { verifier: "v", sealedSource: Buffer.from([0, 1]), sealedTarget: null };
      await store.accounts.putCredentials(address, credentials);
      await store.accounts.apply(address, { kind: "captured" }, T2);
      const { accounts, domains } = store;
      expect(await accounts.findLogin(address)).toEqual({
        domain: await domains.get("a.it"),
        account: await accounts.get(address),
        kept: await accounts.getCredentials(address),
      });
      expect(await accounts.findLogin(other)).toMatchObject({ account: { address: other }, kept: undefined });
      expect(await accounts.findLogin("nobody@a.it")).toMatchObject({
        domain: { name: "a.it" },
        account: undefined,
        kept: undefined,
      });
      expect(await accounts.findLogin("nobody@c.it")).toBeUndefined();
      await domains.update("a.it", { state: "finalized" });
      expect((await accounts.findLogin(address))?.domain.state).toBe("finalized");
    });

    test("a new account waits and knows nothing yet", async ({ store }) => {
      await store.domains.add(sampleDomain("a.it"));
      const given = sampleAccount("x@a.it", { sourceLogin: "X\\è", name: "Mario", quota: 5_000_000_000 });
      await store.accounts.addMany([given], T1);
      expect(await store.accounts.getNew("x@a.it")).toEqual(given);
      expect(await store.accounts.get("x@a.it")).toEqual({
        address: "x@a.it",
        domain: "a.it",
        state: "waiting",
        reason: null,
        message: null,
        sourceLogin: "X\\è",
        createdAt: T1,
        firstLoginAt: null,
        copyStartedAt: null,
        syncedAt: null,
        lastPassAt: null,
        foldersTotal: null,
        foldersDone: null,
        messagesTotal: null,
        messagesCopied: null,
        bytesTotal: null,
        bytesCopied: null,
        quarantined: 0,
        failedLogins: 0,
        lastFailedLoginAt: null,
      });
      expect(await store.accounts.get("y@a.it")).toBeUndefined();
      expect(await store.accounts.getNew("y@a.it")).toBeUndefined();
    });

    test("adding again counts what was there and leaves it alone, twins within one batch too", async ({
      store,
    }) => {
      await store.domains.add(sampleDomain("a.it"));
      await store.accounts.addMany([sampleAccount("x@a.it", { name: "first" })], T1);
      const again = [
        sampleAccount("x@a.it", { name: "second" }),
        sampleAccount("y@a.it"),
        sampleAccount("y@a.it"),
      ];
      expect(await store.accounts.addMany(again, T2)).toEqual({ created: 1, existing: 2 });
      expect((await store.accounts.getNew("x@a.it"))?.name).toBe("first");
      expect((await store.accounts.get("x@a.it"))?.createdAt).toBe(T1);
    });

    test("a batch with an account of an unknown domain adds nothing", async ({ store }) => {
      await store.domains.add(sampleDomain("a.it"));
      const batch = [sampleAccount("x@a.it"), sampleAccount("x@b.it")];
      await expect(store.accounts.addMany(batch, T1)).rejects.toThrow(NotFoundError);
      expect(await store.accounts.get("x@a.it")).toBeUndefined();
    });

    test("a list of several pages is whole, by address, and of its domain only", async ({ store }) => {
      const addresses = await fill(store, "a.it", 2500);
      await fill(store, "b.it", 3);
      expect(await listed(store, { domain: "a.it" })).toEqual(addresses);
      expect(await listed(store, {})).toHaveLength(2503);
      expect(await listed(store, { domain: "c.it" })).toEqual([]);
    });

    test("a list that is being read survives that what it shows is changed and removed", async ({
      store,
    }) => {
      await fill(store, "a.it", 2100);
      let seen = 0;
      for await (const account of store.accounts.list({ domain: "a.it", state: "waiting" })) {
        seen += 1;
        if (seen % 2 === 0) await store.accounts.remove(account.address);
        else await store.accounts.apply(account.address, { kind: "captured" }, T2);
      }
      expect(seen).toBe(2100);
      expect(await store.accounts.counts("a.it")).toMatchObject({ waiting: 0, captured: 1050 });
    });

    test("states are counted and listed", async ({ store }) => {
      await fill(store, "a.it", 3);
      await store.accounts.apply("user00001@a.it", { kind: "captured" }, T2);
      const counts = { waiting: 2, captured: 1, copying: 0, synced: 0, finalized: 0, attention: 0 };
      expect(await store.accounts.counts("a.it")).toEqual(counts);
      expect(await listed(store, { domain: "a.it", state: "captured" })).toEqual(["user00001@a.it"]);
      expect(await listed(store, { state: "captured" })).toEqual(["user00001@a.it"]);
    });

    test("the way of an account sets each time once", async ({ store }) => {
      await fill(store, "a.it", 1);
      const apply = (kind: "captured" | "copy-started" | "synced" | "finalized", at: string) =>
        store.accounts.apply("user00000@a.it", { kind }, at);
      expect(await apply("copy-started", T1)).toMatchObject({ state: "waiting", copyStartedAt: null });
      expect(await apply("captured", T1)).toMatchObject({ state: "captured", firstLoginAt: T1 });
      expect(await apply("captured", T2)).toMatchObject({ state: "captured", firstLoginAt: T1 });
      expect(await apply("copy-started", T2)).toMatchObject({ state: "copying", copyStartedAt: T2 });
      expect(await apply("synced", T3)).toMatchObject({ state: "synced", syncedAt: T3 });
      expect(await apply("finalized", T3)).toMatchObject({ state: "finalized", firstLoginAt: T1 });
      expect(await apply("captured", T3)).toMatchObject({ state: "finalized", firstLoginAt: T1 });
    });

    test("attention says why, and its end brings the former state back", async ({ store }) => {
      await fill(store, "a.it", 1);
      await store.accounts.apply("user00000@a.it", { kind: "captured" }, T1);
      const trouble = { kind: "attention", reason: "target_over_quota", message: "make room" } as const;
      expect(await store.accounts.apply("user00000@a.it", trouble, T2)).toMatchObject({
        state: "attention",
        reason: "target_over_quota",
        message: "make room",
      });
      expect(await store.accounts.counts("a.it")).toMatchObject({ attention: 1, captured: 0 });
      expect(await store.accounts.apply("user00000@a.it", { kind: "recovered" }, T3)).toMatchObject({
        state: "captured",
        reason: null,
        message: null,
      });
    });

    test("an event for an account that is not there says so", async ({ store }) => {
      await expect(store.accounts.apply("x@a.it", { kind: "captured" }, T1)).rejects.toThrow(NotFoundError);
    });

    test("progress changes only the figures that are named, large ones exactly", async ({ store }) => {
      await fill(store, "a.it", 1);
      const progress = { foldersTotal: 5, bytesTotal: 9_000_000_000_000, messagesCopied: 0, quarantined: 2 };
      await store.accounts.setProgress("user00000@a.it", progress);
      await store.accounts.setProgress("user00000@a.it", { foldersDone: 1, messagesCopied: null });
      await store.accounts.setProgress("user00000@a.it", {});
      await store.accounts.setLastPass("user00000@a.it", T2);
      const expected = { ...progress, foldersDone: 1, messagesCopied: null, lastPassAt: T2 };
      expect(await store.accounts.get("user00000@a.it")).toMatchObject(expected);
    });

    test("failed logins are counted, the last one with its time", async ({ store }) => {
      await fill(store, "a.it", 1);
      await store.accounts.noteFailedLogin("user00000@a.it", T1);
      await store.accounts.noteFailedLogin("user00000@a.it", T2);
      expect(await store.accounts.get("user00000@a.it")).toMatchObject({
        failedLogins: 2,
        lastFailedLoginAt: T2,
      });
      await store.accounts.noteFailedLogin("nobody@a.it", T2);
    });

    test("a removed account is gone with its ledger, and may be added again as a new one", async ({
      store,
    }) => {
      await fill(store, "a.it", 1);
      await store.ledger.begin("user00000@a.it", 5);
      expect(await store.accounts.remove("user00000@a.it")).toBe(true);
      expect(await store.accounts.remove("user00000@a.it")).toBe(false);
      expect(await store.accounts.addMany([sampleAccount("user00000@a.it")], T2)).toEqual({
        created: 1,
        existing: 0,
      });
      expect(await store.ledger.load("user00000@a.it")).toEqual([]);
    });
  });
}
