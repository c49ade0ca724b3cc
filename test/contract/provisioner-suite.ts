import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import type { Provisioner, ProvisionRequest } from "../../src/provision/provision.ts";
import { makeVerifier } from "../../src/vault/verifier.ts";
import { CANARY } from "../kit/canary.ts";

/** A provisioner with the target behind it. */
export interface OpenedProvisioner {
  readonly provisioner: Provisioner;
  /** Whether the target lets somebody in. */
  opens(address: string, password: string): Promise<boolean>;
  close(): Promise<void>;
}

export type OpenProvisioner = () => Promise<OpenedProvisioner>;

/** Targets have caches: what must hold in the end is waited for. */
const SOON = { timeout: 20_000, interval: 50 };

const ANNA = "anna@a.it";
const FIRST = `prima ${CANARY}`;
const SECOND = `seconda ${CANARY} però`;

export function request(address: string, changes: Partial<ProvisionRequest> = {}): ProvisionRequest {
  return { address, verifier: null, name: null, quota: null, ...changes };
}

export function verifierOf(password: string): Promise<string> {
  return makeVerifier(new Secret(Buffer.from(password)));
}

/** What every provisioner promises, seen from the target's door. */
export function provisionerSuite(name: string, open: OpenProvisioner): void {
  describe(`a provisioner: ${name}`, () => {
    let opened: OpenedProvisioner;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened?.close());

    const opens = (address: string, password: string) => () => opened.opens(address, password);

    test("an account without a password is there and locked: no password opens it, an empty one least of all", async () => {
      const { provisioner } = opened;
      expect(await provisioner.exists(ANNA)).toBe(false);
      await provisioner.ensure(request(ANNA));
      expect(await provisioner.exists(ANNA)).toBe(true);
      for (const password of ["", "*", ANNA, "{CRYPT}*", FIRST])
        await expect.poll(opens(ANNA, password), SOON).toBe(false);
    });

    test("a password opens its account, and nothing else does", async () => {
      const { provisioner } = opened;
      await provisioner.ensure(request("bruno@a.it"));
      await provisioner.ensure(request(ANNA, { verifier: await verifierOf(FIRST) }));
      await expect.poll(opens(ANNA, FIRST), SOON).toBe(true);
      await expect.poll(opens(ANNA, SECOND), SOON).toBe(false);
      await expect.poll(opens(ANNA, ""), SOON).toBe(false);
      await expect.poll(opens("bruno@a.it", FIRST), SOON).toBe(false);
    });

    test("a new password takes the place of the old one, at once again within the same second", async () => {
      const { provisioner } = opened;
      const [first, second] = await Promise.all([verifierOf(FIRST), verifierOf(SECOND)]);
      for (let round = 0; round < 2; round += 1) {
        await provisioner.ensure(request(ANNA, { verifier: first }));
        await expect.poll(opens(ANNA, FIRST), SOON).toBe(true);
        await provisioner.ensure(request(ANNA, { verifier: second }));
        await expect.poll(opens(ANNA, SECOND), SOON).toBe(true);
        await expect.poll(opens(ANNA, FIRST), SOON).toBe(false);
      }
    });

    test("locking what is new leaves the password of what is there", async () => {
      const { provisioner } = opened;
      await provisioner.ensure(request(ANNA, { verifier: await verifierOf(FIRST) }));
      await provisioner.ensure(request(ANNA));
      await provisioner.ensureMany([request(ANNA), request("bruno@a.it")]);
      await expect.poll(opens(ANNA, FIRST), SOON).toBe(true);
      await expect.poll(opens("bruno@a.it", ""), SOON).toBe(false);
      expect(await provisioner.exists("bruno@a.it")).toBe(true);
    });

    test("many come at once, from a list or as they are made, and all are there", async () => {
      const { provisioner } = opened;
      const verifier = await verifierOf(FIRST);
      await Promise.all(
        Array.from({ length: 30 }, (_, n) => provisioner.ensure(request(`u${n}@a.it`, { verifier }))),
      );
      await provisioner.ensureMany(madeOneByOne(["u7@a.it", "v1@a.it", "v2@a.it"]));
      for (const there of ["u0@a.it", "u29@a.it", "v1@a.it", "v2@a.it"])
        expect(await provisioner.exists(there)).toBe(true);
      await expect.poll(opens("u7@a.it", FIRST), SOON).toBe(true);
    });

    test("an account that is taken off is refused and does not exist, and taking it off twice is fine", async () => {
      const { provisioner } = opened;
      const verifier = await verifierOf(FIRST);
      await provisioner.ensureMany([request(ANNA, { verifier }), request("hanna@a.it", { verifier })]);
      await provisioner.remove(ANNA);
      await provisioner.remove(ANNA);
      expect(await provisioner.exists(ANNA)).toBe(false);
      await expect.poll(opens(ANNA, FIRST), SOON).toBe(false);
      await expect.poll(opens("hanna@a.it", FIRST), SOON).toBe(true);
    });

    test("it says what it is, for the logs", () => {
      expect(opened.provisioner.describe).toMatch(/\w/);
    });
  });
}

async function* madeOneByOne(addresses: readonly string[]): AsyncGenerator<ProvisionRequest> {
  for (const address of addresses) {
    await Promise.resolve();
    yield request(address);
  }
}
