import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import type { Login } from "../../src/login/login.ts";
import type { Failure } from "../../src/model/failure.ts";
import { parseNetwork } from "../../src/model/ip.ts";
import { DEFAULT_THROTTLE, type ThrottlePolicy } from "../../src/model/throttle.ts";
import { makeVerifier } from "../../src/vault/verifier.ts";
import { CANARY } from "../kit/canary.ts";
import { startDovecot } from "../kit/dovecot.ts";
import { startLimitingRelay } from "../kit/limiting-relay.ts";
import { type LoginStage, requestOf, setPassword, startLoginStage } from "./login-stage.ts";

const RIGHT = `giusta ${CANARY}`;
const LIMITS = { longestDelayMs: 20 };
/** The tests make more wrong passwords than a source is asked about by default. */
const ANY_NUMBER = { perMinute: 10_000, perHour: 10_000 };

let stage: LoginStage;
let names = 0;

beforeAll(async () => {
  stage = await startLoginStage("authzid");
});

afterAll(() => stage?.stop());

/** A process of its own, whose users come from 198.51.100.x unless another address is given. */
function process(throttle: Partial<ThrottlePolicy> = {}) {
  const login = stage.process(
    { throttle: { ...DEFAULT_THROTTLE, refusalsPerSource: ANY_NUMBER, ...throttle } },
    LIMITS,
  );
  return (user: string, password: string, address?: string) => endingOf(login, user, password, address);
}

async function endingOf(login: Login, user: string, password: string, address = "198.51.100.1") {
  const client = { address, port: 4711, tls: true };
  try {
    const grant = await login({ ...requestOf(user, password), client }, new AbortController().signal);
    grant.target.close();
    return "ok";
  } catch (error) {
    return (error as Failure).kind;
  }
}

/** How often the source has refused a password to this name; where the account was made with one, that may have happened while the source did not know it yet. */
async function refusalsAtSource(address: string): Promise<number> {
  const lines = (await stage.source.log()).split("\n");
  return lines.filter((line) => line.includes("auth failed") && line.includes(`user=<${address}>`)).length;
}

async function newAccount(password?: string): Promise<string> {
  names += 1;
  const address = `user${names}@a.it`;
  await stage.account(address, password);
  return address;
}

describe("a wrong password that comes again", () => {
  test("does not reach the source again, in no process, and does not count; of a name that nobody has neither", async () => {
    const [address, network] = [await newAccount(RIGHT), "198.51.100.20"];
    const before = await refusalsAtSource(address);
    for (const name of [address, "none@a.it"])
      for (let n = 0; n < 12; n += 1)
        expect(await process()(name, "alt", network)).toBe(
          name === address ? "wrong-password" : "unknown-account",
        );
    expect(await refusalsAtSource(address)).toBe(before + 1);
    const keys = [`account ${address}`, "account none@a.it", `network ${network}`];
    expect(await stage.store.throttles.counts(keys)).toEqual([1, 1, 2]);
    expect((await stage.store.accounts.get(address))?.failedLogins).toBe(12);
    expect(await process()(address, RIGHT, network)).toBe("ok");
  });

  test("is asked again when something has happened to the account, when another was right, and when its rest is over", async () => {
    const address = await newAccount(RIGHT);
    await process()(address, "neu");
    await setPassword(stage.source, address, "neu");
    expect(await process()(address, "neu")).toBe("wrong-password");
    await stage.store.accounts.addMany(
      [{ address, domain: "a.it", sourceLogin: null, name: null, quota: null }],
      new Date().toISOString(),
    );
    expect(await process()(address, "neu")).toBe("ok");

    await process()(address, "noch neuer");
    await setPassword(stage.source, address, "noch neuer");
    expect(await process()(address, "noch neuer")).toBe("wrong-password");
    const later = { now: () => Date.now() + 121_000 };
    expect(await stage.tryLogin(address, "noch neuer", stage.process({ clock: later }, LIMITS))).toBe("ok");
  });
});

describe("too many distinct wrong passwords", () => {
  test("for one name from one network are refused in every process, whoever has the name, before any server hears of them", async () => {
    const address = await newAccount(RIGHT);
    const before = await refusalsAtSource(address);
    const network = "2001:db8:7:1::";
    for (const name of [address, "nessuno@a.it"]) {
      const endings: string[] = [];
      for (let n = 0; n < 12; n += 1) endings.push(await process()(name, `guess ${n}`, `${network}${n + 1}`));
      const wrong = name === address ? "wrong-password" : "unknown-account";
      expect(endings).toEqual([...Array.from({ length: 10 }, () => wrong), "throttled", "throttled"]);
      expect(await process()(name, RIGHT, `${network}77`)).toBe("throttled");
    }
    expect(await refusalsAtSource(address)).toBe(before + 10);
    expect(await process()(address, RIGHT, "198.51.100.30")).toBe("ok");
    await stage.store.throttles.clear("2001:db8:7:1::/64");
    expect(await process()(address, RIGHT, `${network}77`)).toBe("ok");
  });

  test("for one name from everywhere do not lock out networks that its user comes from, nor a program that is there all day", async () => {
    const address = await newAccount(RIGHT);
    const few = { failuresPerAccount: 6 };
    const daily = process(few);
    expect(await daily(address, RIGHT, "198.51.100.40")).toBe("ok");
    for (let n = 0; n < 6; n += 1) await process(few)(address, `guess ${n}`, `203.0.113.${n}`);
    expect(await process(few)(address, RIGHT, "203.0.113.200")).toBe("throttled");
    expect(await process(few)(address, RIGHT, "198.51.100.40")).toBe("ok");
    expect(await daily(address, RIGHT, "203.0.113.201")).toBe("ok");
  });

  test("from one network are refused for all names; an exempt network's are not", async () => {
    const policy = { failuresPerNetwork: 5 };
    const guess = async (network: string, exempt: readonly string[] = []) => {
      const by = process({ ...policy, exempt: exempt.flatMap((text) => parseNetwork(text) ?? []) });
      for (let n = 0; n < 5; n += 1) await by(`any${n}@a.it`, `from ${network}`, network);
      return by(await newAccount(RIGHT), RIGHT, network);
    };
    expect(await guess("203.0.113.210")).toBe("throttled");
    expect(await guess("203.0.113.211", ["203.0.113.211/32"])).toBe("ok");
  });
});

test("two processes that are given a first password at the same time ask the source once", async () => {
  const address = await newAccount(RIGHT);
  const before = await stage.sourceLogins(address);
  const endings = await Promise.all([process()(address, RIGHT), process()(address, RIGHT)]);
  expect(endings).toEqual(["ok", "ok"]);
  expect(await stage.sourceLogins(address)).toBe(before + 1);
  expect(stage.events("capture", address)).toBe(1);
});

test("the right password with a foreign identity is refused and is no wrong password without it", async () => {
  const address = await newAccount(RIGHT);
  const throttle = { ...DEFAULT_THROTTLE, refusalsPerSource: ANY_NUMBER };
  const login = stage.process({ throttle }, LIMITS);
  const foreign = { ...requestOf(address, RIGHT), authzid: Buffer.from("another@a.it") };
  await expect(login(foreign, new AbortController().signal)).rejects.toMatchObject({
    kind: "unknown-account",
  });
  expect(await process()(address, RIGHT)).toBe("ok");
});

test("a source is not told more wrong passwords than it bears: then all who are not captured hear the same, and the others come in", async () => {
  const [captured, waiting] = [await newAccount(RIGHT), await newAccount(RIGHT)];
  expect(await process()(captured, RIGHT)).toBe("ok");
  const { host, port } = stage.source.endpoint();
  await stage.store.throttles.clear(`${host}:${port}`);
  const by = process({ refusalsPerSource: { perMinute: 3, perHour: 50 } });
  for (let n = 0; n < 3; n += 1) await by(n === 0 ? waiting : "nessuno@a.it", `wrong ${n}`, `192.0.2.${n}`);
  for (const name of [waiting, captured, "nessuno@a.it"])
    expect(await by(name, "another", "192.0.2.10")).toBe("source-spared");
  expect(await by(captured, RIGHT, "192.0.2.11")).toBe("ok");
  await stage.store.throttles.clear(`${host}:${port}`);
  expect(await by(waiting, RIGHT, "192.0.2.12")).toBe("ok");
});

test("guesses that wait for a source together do not reach it beyond what it bears, and names that nobody has wait with them", async () => {
  const tried = Array.from({ length: 4 }, (_, n) => `nobody${n}@a.it`);
  for (let n = 0; n < 8; n += 1) tried.push(await newAccount());
  const { host, port } = stage.source.endpoint();
  await stage.store.throttles.clear(`${host}:${port}`);
  const throttle = { ...DEFAULT_THROTTLE, refusalsPerSource: { perMinute: 3, perHour: 50 } };
  const by = stage.process({ throttle }, { ...LIMITS, asksPerSource: 1 });
  const endings = await Promise.all(
    tried.map((name, n) => endingOf(by, name, "guess", `203.0.113.${100 + n}`)),
  );
  expect(endings.filter((ending) => ending === "source-spared").length).toBe(tried.length - 3);
  await stage.store.throttles.clear(`${host}:${port}`);
});

test("one network's guesses do not keep another one's users waiting for a slow source", async () => {
  const slow = await startDovecot({ authFailureDelay: 2 });
  const domain = await stage.store.domains.get("a.it");
  if (!domain) throw new Error("a.it is there");
  await stage.store.domains.add({ ...domain, name: "slow.it", source: slow.endpoint() });
  const accounts = Array.from({ length: 30 }, (_, n) => `user${n}@slow.it`);
  const at = new Date().toISOString();
  const known = accounts.map((address) => ({
    address,
    domain: "slow.it",
    sourceLogin: null,
    name: null,
    quota: null,
  }));
  await stage.store.accounts.addMany(known, at);
  for (const address of accounts)
    await stage.deps.provisioner.ensure({ address, verifier: null, name: null, quota: null });
  await setPassword(slow, "user0@slow.it", RIGHT);
  const by = stage.process({}, { ...LIMITS, networkQueueMs: 3_000 });
  const guesses = accounts.slice(1).map((name) => endingOf(by, name, "guess", "203.0.113.90"));
  const began = performance.now();
  expect(await endingOf(by, "user0@slow.it", RIGHT, "198.51.100.90")).toBe("ok");
  expect(performance.now() - began).toBeLessThan(2_000);
  expect(new Set(await Promise.all(guesses))).toEqual(new Set(["wrong-password", "too-busy"]));
  await slow.stop();
});

test("one network's guesses do not keep another one's users waiting for their password to be compared", async () => {
  const verifier = await makeVerifier(new Secret(Buffer.from(RIGHT)));
  const attacked = Array.from({ length: 60 }, (_, n) => `kept${n}@a.it`);
  await stage.store.accounts.addMany(
    attacked.map((address) => ({ address, domain: "a.it", sourceLogin: null, name: null, quota: null })),
    new Date().toISOString(),
  );
  for (const address of attacked)
    await stage.store.accounts.putCredentials(address, { verifier, sealedSource: null, sealedTarget: null });
  const honest = await newAccount(RIGHT);
  expect(await process()(honest, RIGHT)).toBe("ok");
  const throttle = { ...DEFAULT_THROTTLE, refusalsPerSource: ANY_NUMBER };
  const login = stage.process({ throttle }, { ...LIMITS, asksPerNetwork: attacked.length });
  let answered = 0;
  const guesses = attacked.map(async (name) => {
    await endingOf(login, name, "guess", "203.0.113.91");
    answered += 1;
  });
  expect(await endingOf(login, honest, RIGHT, "198.51.100.91")).toBe("ok");
  expect(answered).toBeLessThan(attacked.length / 2);
  await Promise.all(guesses);
});

test("a source that lets nobody in after it has refused passwords is left alone, with one line, and tried now and then", async () => {
  const relay = await startLimitingRelay(stage.source.endpoint("none"), 100);
  const domain = await stage.store.domains.get("a.it");
  if (!domain) throw new Error("a.it is there");
  const source = { ...stage.source.endpoint("none"), host: "127.0.0.1", port: relay.port };
  await stage.store.domains.add({ ...domain, name: "ban.it", source });
  const address = "vera@ban.it";
  const known = { address, domain: "ban.it", sourceLogin: null, name: null, quota: null };
  await stage.store.accounts.addMany([known], new Date().toISOString());
  await stage.deps.provisioner.ensure({ address, verifier: null, name: null, quota: null });
  await setPassword(stage.source, address, RIGHT);
  let aheadMs = 0;
  const by = stage.process({ clock: { now: () => Date.now() + aheadMs } }, { ...LIMITS, standingMs: 0 });
  const lines: string[] = [];
  for (let n = 0; n < 3; n += 1) lines.push(await endingOf(by, address, `wrong ${n}`));
  await relay.ban();
  for (let n = 0; n < 3; n += 1) lines.push(await endingOf(by, address, `wrong too ${n}`));
  expect(lines).toEqual([
    ...Array.from({ length: 3 }, () => "wrong-password"),
    ...Array.from({ length: 3 }, () => "source-unreachable"),
  ]);
  const name = `127.0.0.1:${relay.port}`;
  expect((await stage.store.budgets.standing(name)).breaker.state).toBe("open");
  await relay.unban();
  for (const user of [address, "nessuno@ban.it"])
    expect(await endingOf(by, user, RIGHT)).toBe("source-unreachable");
  aheadMs = 31_000;
  expect(await endingOf(by, address, RIGHT)).toBe("ok");
  expect((await stage.store.budgets.standing(name)).breaker.state).toBe("closed");
  await relay.stop();
});

test("while the target is down nobody is told that a password is wrong, captured or not or nobody at all", async () => {
  const [captured, waiting] = [await newAccount(RIGHT), await newAccount(RIGHT)];
  expect(await process()(captured, RIGHT)).toBe("ok");
  await stage.target.halt();
  for (const name of [captured, waiting, "nessuno@a.it"])
    expect(await process()(name, "during the outage")).toBe("target-unreachable");
  await stage.target.start();
  for (const name of [captured, waiting])
    expect(await process()(name, "during the outage")).toBe("wrong-password");
});
