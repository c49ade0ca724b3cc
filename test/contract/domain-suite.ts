import { describe, expect } from "vitest";
import { NotFoundError, StoreConflictError } from "../../src/store/store.ts";
import { testWithStore } from "./fixture.ts";
import { sampleAccount, sampleDomain, T1, T2 } from "./samples.ts";
import type { OpenStore } from "./store-suite.ts";

export function domainSuite(open: OpenStore): void {
  const test = testWithStore(open);
  describe("domains", () => {
    test("a domain comes back as it was added, every part of it", async ({ store }) => {
      const domain = sampleDomain("example.it", {
        source: {
          host: "::1",
          port: 993,
          tls: "implicit",
          ca: "-----BEGIN CERTIFICATE-----\nè\n",
          verify: false,
          fingerprints: [`sha256:${"0f".repeat(32)}`],
          weakTls: true,
        },
        login: "localpart",
        cutover: { mx: [{ priority: 10, host: "smtpin1.example.net" }], txt: ["v=spf1 -all"] },
        folderMap: [{ from: "Società/a=b", to: "日本語" }],
        exclude: ["Été/*", "100%"],
        sourceDeletes: "trash",
        serve: "source-until-synced",
      });
      await store.domains.add(domain);
      expect(await store.domains.get("example.it")).toEqual(domain);
      expect(await store.domains.get("example.org")).toBeUndefined();
    });

    test("the list is by name", async ({ store }) => {
      for (const name of ["b.it", "a.it", "c.it"]) await store.domains.add(sampleDomain(name));
      expect((await store.domains.list()).map((domain) => domain.name)).toEqual(["a.it", "b.it", "c.it"]);
    });

    test("a name is taken once only, and the domain that has it stays as it is", async ({ store }) => {
      await store.domains.add(sampleDomain("a.it"));
      await expect(store.domains.add(sampleDomain("a.it", { state: "migrating" }))).rejects.toThrow(
        StoreConflictError,
      );
      expect((await store.domains.get("a.it"))?.state).toBe("preparing");
    });

    test("an update changes what it names and nothing else", async ({ store }) => {
      await store.domains.add(sampleDomain("a.it"));
      const changed = await store.domains.update("a.it", { state: "finalized", finalizedAt: T2 });
      expect(changed).toEqual(sampleDomain("a.it", { state: "finalized", finalizedAt: T2 }));
      expect(await store.domains.get("a.it")).toEqual(changed);
      await expect(store.domains.update("b.it", {})).rejects.toThrow(NotFoundError);
    });

    test("an update seals every password of the domain anew, and of no other domain", async ({ store }) => {
      for (const name of ["a.it", "b.it"]) {
        await store.domains.add(sampleDomain(name));
        const accounts = ["x", "y", "z"].map((local) =>
          sampleAccount(`${local}@${name}`, { sourceLogin: `${local}!` }),
        );
        await store.accounts.addMany(accounts, T1);
        for (const local of ["x", "y"])
          await store.accounts.putCredentials(`${local}@${name}`, {
            verifier: "v",
            sealedSource: Buffer.from("old"),
            sealedTarget: Buffer.from("t"),
          });
      }
      await store.domains.update("a.it", { login: "localpart" }, ({ address, sourceLogin }, sealed) =>
        Buffer.from(`${address} ${sourceLogin} ${sealed.toString()}`),
      );
      const kept = await store.accounts.getCredentials("x@a.it");
      expect(kept).toEqual({
        verifier: "v",
        sealedSource: Buffer.from("x@a.it x! old"),
        sealedTarget: Buffer.from("t"),
      });
      expect((await store.accounts.getCredentials("y@a.it"))?.sealedSource?.toString()).toBe("y@a.it y! old");
      expect((await store.accounts.getCredentials("x@b.it"))?.sealedSource?.toString()).toBe("old");
    });

    test("when one password cannot be sealed anew, nothing of the update has happened", async ({ store }) => {
      await store.domains.add(sampleDomain("a.it"));
      await store.accounts.addMany([sampleAccount("x@a.it"), sampleAccount("y@a.it")], T1);
      for (const address of ["x@a.it", "y@a.it"])
        await store.accounts.putCredentials(address, {
          verifier: "v",
          sealedSource: Buffer.from("old"),
          sealedTarget: null,
        });
      const update = store.domains.update("a.it", { login: "localpart" }, ({ address }) => {
        if (address === "y@a.it") throw new Error("no key");
        return Buffer.from("new");
      });
      await expect(update).rejects.toThrow("no key");
      expect((await store.domains.get("a.it"))?.login).toBe("address");
      expect((await store.accounts.getCredentials("x@a.it"))?.sealedSource?.toString()).toBe("old");
    });

    test("a domain goes with all that belongs to it, and leaves the others alone", async ({ store }) => {
      for (const name of ["a.it", "b.it"]) {
        await store.domains.add(sampleDomain(name));
        await store.accounts.addMany([sampleAccount(`x@${name}`)], T1);
        await store.accounts.putCredentials(`x@${name}`, {
          verifier: "v",
          sealedSource: null,
          sealedTarget: null,
        });
        await store.ledger.begin(`x@${name}`, 1);
      }
      await store.domains.remove("a.it");
      expect(await store.domains.get("a.it")).toBeUndefined();
      expect(await store.accounts.get("x@a.it")).toBeUndefined();
      expect(await store.accounts.getCredentials("x@a.it")).toBeUndefined();
      expect(await store.accounts.getCredentials("x@b.it")).toBeDefined();
      await expect(store.domains.remove("a.it")).rejects.toThrow(NotFoundError);
    });
  });
}
