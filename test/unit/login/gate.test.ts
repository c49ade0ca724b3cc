import { expect, test } from "vitest";
import { Gate } from "../../../src/login/gate.ts";

const gateOf = (changes: { places?: number; waiters?: number; queueMs?: number }) =>
  new Gate("the source", { places: 8, waiters: 200, queueMs: 20_000, ...changes });

/** An ask that ends when told to. */
function held() {
  const end = Promise.withResolvers<string>();
  let begun = false;
  return {
    ask: () => {
      begun = true;
      return end.promise;
    },
    hasBegun: () => begun,
    end: () => end.resolve("asked"),
  };
}

const turn = () => new Promise(setImmediate);

test("no more logins than allowed ask one source at a time, and another source has its own places", async () => {
  const gate = gateOf({ places: 2 });
  const asks = [held(), held(), held()];
  const results = asks.map(({ ask }) => gate.run("a:143", ask));
  const other = held();
  const otherResult = gate.run("b:143", other.ask);
  await turn();
  expect(asks.map(({ hasBegun }) => hasBegun())).toEqual([true, true, false]);
  expect(other.hasBegun()).toBe(true);
  asks[1]?.end();
  await results[1];
  await turn();
  expect(asks[2]?.hasBegun()).toBe(true);
  for (const { end } of [...asks, other]) end();
  expect(await Promise.all([...results, otherResult])).toEqual(["asked", "asked", "asked", "asked"]);
});

test("a login that finds too many waiting is sent away at once", async () => {
  const gate = gateOf({ places: 1, waiters: 1 });
  const [first, second, third] = [held(), held(), held()];
  const results = [gate.run("a:143", first.ask), gate.run("a:143", second.ask)];
  await expect(gate.run("a:143", third.ask)).rejects.toMatchObject({ kind: "too-busy" });
  first.end();
  second.end();
  await Promise.all(results);
  expect(third.hasBegun()).toBe(false);
});

test("a login that has waited too long is sent away and never asks, and its place is not lost", async () => {
  const gate = gateOf({ places: 1, queueMs: 1 });
  const [first, second, third] = [held(), held(), held()];
  const result = gate.run("a:143", first.ask);
  await expect(gate.run("a:143", second.ask)).rejects.toMatchObject({ kind: "too-busy" });
  first.end();
  await result;
  third.end();
  expect(await gate.run("a:143", third.ask)).toBe("asked");
  expect(second.hasBegun()).toBe(false);
});

test("a failed ask frees its place", async () => {
  const gate = gateOf({ places: 1 });
  await expect(gate.run("a:143", () => Promise.reject(new Error("gone")))).rejects.toThrow("gone");
  expect(await gate.run("a:143", async () => "asked")).toBe("asked");
});
