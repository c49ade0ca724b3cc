import { expect, test } from "vitest";
import { AskingLanes, type Place } from "../../../src/login/asking-lanes.ts";

const lanesOf = (changes: { places?: number; waiters?: number; waitersOfName?: number } = {}) =>
  new AskingLanes({ places: 4, waiters: 500, waitersOfName: 20, ...changes });

const never = new AbortController().signal;
const turn = () => new Promise(setImmediate);

/** A login that has its place until it is told to end. */
function login(lanes: AskingLanes, network: string, name: string, signal = never) {
  const end = Promise.withResolvers<void>();
  const seen = { place: undefined as Place | undefined, end: () => end.resolve() };
  const done = lanes.run(network, name, signal, async (place) => {
    seen.place = place;
    await end.promise;
    return "asked";
  });
  return Object.assign(seen, { done });
}

test("logins of one name take one place of their network, and those of other names pass them by", async () => {
  const lanes = lanesOf({ places: 2 });
  const max = Array.from({ length: 5 }, () => login(lanes, "n", "max"));
  const neu = login(lanes, "n", "neu");
  await turn();
  expect(max.map(({ place }) => place?.hasWaited)).toEqual([
    false,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(neu.place?.hasWaited).toBe(false);
  max[0]?.end();
  await turn();
  expect(max.map(({ place }) => place?.hasWaited)).toEqual([false, true, undefined, undefined, undefined]);
  for (const { end } of [...max, neu]) end();
  expect(await Promise.all([...max, neu].map(({ done }) => done))).toEqual(Array(6).fill("asked"));
});

test("no more of a network have a place than allowed, in the order they came; another network has its own", async () => {
  const lanes = lanesOf({ places: 2 });
  const logins = ["a", "b", "c", "d"].map((name) => login(lanes, "n", name));
  const other = login(lanes, "m", "a");
  await turn();
  expect(logins.map(({ place }) => place !== undefined)).toEqual([true, true, false, false]);
  expect(other.place).toBeDefined();
  logins[1]?.end();
  await turn();
  expect(logins.map(({ place }) => place !== undefined)).toEqual([true, true, true, false]);
  for (const { end } of [...logins, other]) end();
  await Promise.all(logins.map(({ done }) => done));
});

test("who leaves a place for a while lets another one ask, and is the first to get one back", async () => {
  const lanes = lanesOf({ places: 1 });
  const [first, second, third] = ["a", "b", "c"].map((name) => login(lanes, "n", name));
  await turn();
  const wait = Promise.withResolvers<void>();
  let isBack = false;
  const leaving = first?.place
    ?.leaveFor(() => wait.promise)
    .then(() => {
      isBack = true;
    });
  await turn();
  expect(second?.place).toBeDefined();
  wait.resolve();
  await turn();
  expect(isBack).toBe(false);
  second?.end();
  await leaving;
  expect(third?.place).toBeUndefined();
  first?.end();
  third?.end();
  await third?.done;
});

test("a login that gives up leaves the line, before its place and while it has left it, and takes nobody's place with it", async () => {
  const lanes = lanesOf({ places: 1 });
  const [inLine, away] = [new AbortController(), new AbortController()];
  const first = login(lanes, "n", "a", away.signal);
  const second = login(lanes, "n", "b", inLine.signal);
  await turn();
  inLine.abort(new Error("gone"));
  await expect(second.done).rejects.toThrow("gone");
  const left = lanes.run("m", "a", away.signal, (place) =>
    place.leaveFor(
      () =>
        new Promise((_resolve, reject) =>
          away.signal.addEventListener("abort", () => reject(new Error("away"))),
        ),
    ),
  );
  await turn();
  away.abort(new Error("gone too"));
  await expect(left).rejects.toThrow("away");
  for (const network of ["n", "m"]) {
    const next = login(lanes, network, "c");
    first.end();
    next.end();
    expect(await next.done).toBe("asked");
  }
});

test("those who wait are bounded: of a name from a network, and of a network with those who have left their place", async () => {
  const lanes = lanesOf({ places: 1, waiters: 4, waitersOfName: 2 });
  const max = Array.from({ length: 3 }, () => login(lanes, "n", "max"));
  await expect(login(lanes, "n", "max").done).rejects.toMatchObject({ kind: "too-busy" });
  const elsewhere = login(lanes, "m", "max");
  const wait = Promise.withResolvers<void>();
  await turn();
  const away = max[0]?.place?.leaveFor(() => wait.promise);
  const [b, c] = [login(lanes, "n", "b"), login(lanes, "n", "c")];
  await turn();
  // One of max is away, two wait, and so does c: b has the place.
  await expect(login(lanes, "n", "d").done).rejects.toMatchObject({ kind: "too-busy" });
  b.end();
  c.end();
  wait.resolve();
  await away;
  for (const { end } of [...max, elsewhere]) end();
  expect(await Promise.all([...max, elsewhere].map(({ done }) => done))).toEqual(Array(4).fill("asked"));
});
