import { describe, expect } from "vitest";
import { NotFoundError } from "../../src/store/store.ts";
import { testWithStore } from "./fixture.ts";
import { sampleAccount, sampleDomain, T1 } from "./samples.ts";
import type { OpenStore } from "./store-suite.ts";

export function credentialSuite(open: OpenStore): void {
  const test = testWithStore(open);
  describe("credentials", () => {
    test("they come back octet by octet, and a later set replaces an earlier one", async ({ store }) => {
      await store.domains.add(sampleDomain("a.it"));
      await store.accounts.addMany([sampleAccount("x@a.it")], T1);
      expect(await store.accounts.getCredentials("x@a.it")).toBeUndefined();
      const first = { verifier: "{ARGON2ID}$1", sealedSource: Buffer.from([0, 255, 10]), sealedTarget: null };
      await store.accounts.putCredentials("x@a.it", first);
      expect(await store.accounts.getCredentials("x@a.it")).toEqual(first);
      const second = { verifier: "{ARGON2ID}$2", sealedSource: null, sealedTarget: Buffer.from([1]) };
      await store.accounts.putCredentials("x@a.it", second);
      expect(await store.accounts.getCredentials("x@a.it")).toEqual(second);
    });

    test("there are none without an account", async ({ store }) => {
      const credentials = { verifier: "v", sealedSource: null, sealedTarget: null };
      await expect(store.accounts.putCredentials("x@a.it", credentials)).rejects.toThrow(NotFoundError);
    });

    test("a purge takes every sealed password of the domain, counts them, and leaves the verifiers", async ({
      store,
    }) => {
      for (const name of ["a.it", "b.it"]) {
        await store.domains.add(sampleDomain(name));
        await store.accounts.addMany(
          ["x", "y", "z"].map((local) => sampleAccount(`${local}@${name}`)),
          T1,
        );
        for (const local of ["x", "y"])
          await store.accounts.putCredentials(`${local}@${name}`, {
            verifier: "v",
            sealedSource: Buffer.from("s"),
            sealedTarget: Buffer.from("t"),
          });
      }
      expect(await store.accounts.purgeSealed("a.it")).toBe(2);
      expect(await store.accounts.purgeSealed("a.it")).toBe(0);
      expect(await store.accounts.getCredentials("x@a.it")).toEqual({
        verifier: "v",
        sealedSource: null,
        sealedTarget: null,
      });
      expect((await store.accounts.getCredentials("x@b.it"))?.sealedSource).toEqual(Buffer.from("s"));
      await store.compact();
      expect((await store.accounts.getCredentials("x@b.it"))?.sealedTarget).toEqual(Buffer.from("t"));
    });
  });
}
