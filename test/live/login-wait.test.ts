import { afterAll, beforeAll, describe, test } from "vitest";
import type { Login } from "../../src/login/login.ts";
import type { Failure } from "../../src/model/failure.ts";
import { CANARY } from "../kit/canary.ts";
import { type Dovecot, startDovecot } from "../kit/dovecot.ts";
import { waitFor } from "../kit/wait-for.ts";
import { type LoginStage, requestOf, startLoginStage } from "./login-stage.ts";

const RIGHT = `giusta ${CANARY}`;

let stage: LoginStage;
let slow: Dovecot;

beforeAll(async () => {
  const addresses = ["max", "owner1", "owner2", "colleague-of-max", "colleague-of-nessuno"].map(
    (user) => `${user}@slow.it`,
  );
  [stage, slow] = await Promise.all([
    startLoginStage("authzid"),
    startDovecot({
      users: Object.fromEntries(addresses.map((address) => [address, RIGHT])),
      authFailureDelay: 2,
    }),
  ]);
  const domain = await stage.store.domains.get("a.it");
  if (!domain) throw new Error("a.it is there");
  await stage.store.domains.add({ ...domain, name: "slow.it", source: slow.endpoint() });
  for (const address of addresses) {
    const known = { address, domain: "slow.it", sourceLogin: null, name: null, quota: null };
    await stage.store.accounts.addMany([known], new Date().toISOString());
    await stage.deps.provisioner.ensure({ address, verifier: null, name: null, quota: null });
  }
});

afterAll(async () => {
  await Promise.all([stage?.stop(), slow?.stop()]);
});

async function endingOf(login: Login, user: string, password: string, address: string) {
  const client = { address, port: 4711, tls: true };
  try {
    const grant = await login({ ...requestOf(user, password), client }, new AbortController().signal);
    grant.target.close();
    return "ok";
  } catch (error) {
    return (error as Failure).kind;
  }
}

/** Many logins of one name at once, each with another wrong password, and how many have been answered. */
function phonesOf(by: Login, name: string, address: string) {
  const phones = { answered: 0, done: Promise.resolve<unknown>(undefined) };
  const guesses = Array.from({ length: 8 }, async (_, n) => {
    await endingOf(by, name, `altes ${n}`, address);
    phones.answered += 1;
  });
  phones.done = Promise.all(guesses);
  return phones;
}

describe.concurrent("wrong passwords of one name that come at once", () => {
  test.for([
    ["an account", "max", "203.0.113.1"],
    ["a name that nobody has", "nessuno", "203.0.113.2"],
  ] as const)(
    "of %s do not hold up the first login of another user behind the same address",
    async ([, user, office], { expect }) => {
      const [name, other] = [`${user}@slow.it`, `colleague-of-${user}@slow.it`];
      const by = stage.process({}, { firstRefusalMs: 2_000, longestDelayMs: 20 });
      const phones = phonesOf(by, name, office);
      await waitFor(() => phones.answered > 0, "the first of the phones to be refused");
      expect(await endingOf(by, other, RIGHT, office)).toBe("ok");
      expect(phones.answered).toBeLessThan(4);
      await phones.done;
    },
  );

  test.for([
    ["the same process", 1],
    ["another process", 2],
  ] as const)(
    "do not keep its owner waiting who comes from another address to %s",
    async ([, processes], { expect }) => {
      const name = `owner${processes}@slow.it`;
      const process = () => stage.process({}, { firstRefusalMs: 2_000, longestDelayMs: 20 });
      const by = process();
      const phones = phonesOf(by, name, `203.0.113.1${processes}`);
      await waitFor(() => phones.answered > 0, "the first of the phones to be refused");
      expect(await endingOf(processes === 1 ? by : process(), name, RIGHT, "198.51.100.90")).toBe("ok");
      expect(phones.answered).toBeLessThan(4);
      await phones.done;
    },
  );
});
