import { expect, test } from "vitest";
import { LOGIN_LIMITS } from "../../../src/login/limits.ts";
import { RefusalTimes } from "../../../src/login/refusal-time.ts";

const names = Array.from({ length: 300 }, (_, n) => `user${n}@a.it`);

test("before any server has refused, a refusal takes about what a Dovecot takes", () => {
  const times = new RefusalTimes(LOGIN_LIMITS);
  for (const name of names) expect(times.draw("a.it", name)).toBeCloseTo(LOGIN_LIMITS.firstRefusalMs, -3);
});

test("an unknown name takes as long as one of the real refusals, and always the same kind of it", () => {
  const times = new RefusalTimes(LOGIN_LIMITS);
  for (let n = 0; n < 30; n += 1) times.note("a.it", n % 3 === 0 ? 4_000 : 2_000);
  const isSlow = names.map((name) => times.draw("a.it", name) > 3_000);
  const share = isSlow.filter(Boolean).length / names.length;
  expect(share).toBeGreaterThan(0.2);
  expect(share).toBeLessThan(0.5);
  expect(names.map((name) => times.draw("a.it", name) > 3_000)).toEqual(isSlow);
});

test("the same name does not take exactly the same time twice", () => {
  const times = new RefusalTimes(LOGIN_LIMITS);
  const name = "x@a.it";
  expect(new Set(Array.from({ length: 20 }, () => times.draw("a.it", name))).size).toBeGreaterThan(1);
});

test("old refusals are forgotten, and a stuck or broken server does not set the time", () => {
  const times = new RefusalTimes(LOGIN_LIMITS);
  for (let n = 0; n < 200; n += 1) times.note("a.it", 9_000);
  for (let n = 0; n < 200; n += 1) times.note("a.it", n % 2 === 0 ? 0 : 3_600_000);
  for (const name of names) {
    const ms = times.draw("a.it", name);
    expect(ms).toBeGreaterThan(40);
    expect(ms).toBeLessThan(11_000);
    expect(Math.abs(ms - 9_000)).toBeGreaterThan(500);
  }
});

test("each domain has times of its own, and one that has none yet takes those of the others", () => {
  const times = new RefusalTimes(LOGIN_LIMITS);
  for (let n = 0; n < 200; n += 1)
    times.note(n % 2 === 0 ? "quick.it" : "slow.it", n % 2 === 0 ? 300 : 3_000);
  for (const name of names) {
    expect(times.draw("quick.it", name)).toBeLessThan(400);
    expect(times.draw("slow.it", name)).toBeGreaterThan(2_800);
  }
  const elsewhere = names.map((name) => times.draw(null, name));
  expect(elsewhere.some((ms) => ms < 400)).toBe(true);
  expect(elsewhere.some((ms) => ms > 2_800)).toBe(true);
});
