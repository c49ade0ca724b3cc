import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { inTurn } from "../../../src/login/account-turn.ts";
import { AskingLanes } from "../../../src/login/asking-lanes.ts";
import type { LoginParts } from "../../../src/login/parts.ts";
import { Failure } from "../../../src/model/failure.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets everything happen that is due after some milliseconds. */
const after = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

/** Ends the logins, and waits until all have asked. */
async function ending<T>(
  logins: readonly { readonly end: () => void; readonly done: Promise<T> }[],
): Promise<T[]> {
  for (const { end } of logins) end();
  await after(1_000);
  return Promise.all(logins.map(({ done }) => done));
}

/** What processes share: who has the turn of a name. */
function sharedTurns() {
  const holders = new Map<string, string>();
  return {
    holders,
    take: async (name: string, owner: string) => {
      if (holders.has(name)) return false;
      holders.set(name, owner);
      return true;
    },
    end: async (name: string, _owner: string) => void holders.delete(name),
  };
}

function processOf(turns: Omit<ReturnType<typeof sharedTurns>, "holders">, networkQueueMs = 20_000) {
  const lanes = { ask: new AskingLanes({ places: 2, waiters: 500, waitersOfName: 20 }) };
  const parts = {
    deps: { store: { turns }, clock: { now: () => 0 } },
    limits: { networkQueueMs, turnMs: 90_000 },
    lanes,
    exemptLanes: lanes,
    asking: new Map(),
    owner: crypto.randomUUID(),
  };
  /** A login that asks until it is told to end. */
  return (network: string, name: string) => {
    const end = Promise.withResolvers<void>();
    const login = { hasWaited: undefined as boolean | undefined, end: () => end.resolve() };
    const attempt = { network, name, isExempt: false };
    const done = inTurn(parts as unknown as LoginParts, attempt, async (hasWaited) => {
      login.hasWaited = hasWaited;
      await end.promise;
      return name;
    });
    return Object.assign(login, { done });
  };
}

test("logins of one name ask one at a time, those of one network after each other and another network's in between", async () => {
  const by = processOf(sharedTurns());
  const guesses = Array.from({ length: 3 }, () => by("stranger", "max"));
  const owner = by("home", "max");
  await after();
  expect(guesses.map(({ hasWaited }) => hasWaited)).toEqual([false, undefined, undefined]);
  expect(owner.hasWaited).toBeUndefined();
  guesses[0]?.end();
  await after(200);
  expect(owner.hasWaited).toBe(true);
  expect(guesses[1]?.hasWaited).toBeUndefined();
  await ending([...guesses, owner]);
});

test("another process comes in between two logins of one name", async () => {
  const turns = sharedTurns();
  const by = processOf(turns);
  const guesses = Array.from({ length: 3 }, () => by("stranger", "max"));
  await after();
  const owner = processOf(turns)("home", "max");
  await after(70);
  guesses[0]?.end();
  await after(200);
  expect(owner.hasWaited).toBe(true);
  expect(guesses[1]?.hasWaited).toBeUndefined();
  await ending([...guesses, owner]);
});

test("a crowded network keeps nobody's turn while it waits for a place", async () => {
  const turns = sharedTurns();
  const by = processOf(turns);
  const crowd = ["a", "b", "max"].map((name) => by("stranger", name));
  await after();
  expect([...turns.holders.keys()]).toEqual(["a", "b"]);
  const owner = by("home", "max");
  await after();
  expect(owner.hasWaited).toBe(false);
  await ending([...crowd, owner]);
});

test("names that are asked about from elsewhere, here or in another process, take no place of the networks that wait for them", async () => {
  const turns = sharedTurns();
  const [here, there] = [processOf(turns), processOf(turns)];
  const strangers = [here("stranger", "a"), there("stranger", "b")];
  await after();
  const waiting = ["a", "b"].map((name) => here("office", name));
  const others = ["c", "d"].map((name) => here("office", name));
  await after();
  expect(others.map(({ hasWaited }) => hasWaited)).toEqual([true, true]);
  expect(waiting.map(({ hasWaited }) => hasWaited)).toEqual([undefined, undefined]);
  expect(await ending([...strangers, ...others, ...waiting])).toEqual(["a", "b", "c", "d", "a", "b"]);
  expect(turns.holders.size).toBe(0);
});

test("a login that waits too long is told so, wherever it waits, and nobody after it waits for it", async () => {
  const turns = sharedTurns();
  const [by, there] = [processOf(turns, 5_000), processOf(turns)];
  const held = [by("n", "a"), by("n", "b"), there("n", "z")];
  await after();
  const late = [by("n", "a"), by("n", "c"), by("m", "a"), by("m", "z")];
  const told = Promise.allSettled(late.map(({ done }) => done));
  await after(5_000);
  for (const outcome of await told) expect(outcome).toMatchObject({ reason: { kind: "too-busy" } });
  await ending(held);
  expect(await ending([by("m", "a"), by("n", "c"), by("m", "z")])).toEqual(["a", "c", "z"]);
});

test("a turn that a full disk does not take back ends by itself, and the login is as it was", async () => {
  const turns = {
    ...sharedTurns(),
    end: async () => {
      throw new Failure("store-unwritable", "the disk is full");
    },
  };
  const login = processOf(turns)("n", "a");
  login.end();
  expect(await login.done).toBe("a");
});
