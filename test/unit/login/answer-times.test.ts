import { expect, test } from "vitest";
import { AnswerTimes } from "../../../src/login/answer-times.ts";

const names = Array.from({ length: 300 }, (_, n) => `user${n}@a.it`);
const timesOf = (changes = {}) =>
  new AnswerTimes({ shortestMs: 50, longestMs: 10_000, oldestMs: 60_000, ...changes });
const draw = (times: AnswerTimes, domain: string | null, name = "x@a.it") => times.draw(domain, name) ?? -1;

test("before anybody has had an answer, nobody knows how long one takes", () => {
  expect(timesOf().draw("a.it", "x@a.it")).toBeUndefined();
});

test("an unknown name takes as long as an account would, and always the same course", () => {
  const times = timesOf();
  for (let n = 0; n < 30; n += 1)
    if (n % 3 === 0) times.note("a.it", "several servers", 4_000);
    else times.note("a.it", "one server", 2_000);
  const isSlow = names.map((name) => draw(times, "a.it", name) > 3_000);
  const share = isSlow.filter(Boolean).length / names.length;
  expect(share).toBeGreaterThan(0.2);
  expect(share).toBeLessThan(0.5);
  expect(names.map((name) => draw(times, "a.it", name) > 3_000)).toEqual(isSlow);
});

test("the times of one name vary as much as those of an account", () => {
  const times = timesOf();
  for (let n = 0; n < 20; n += 1) times.note("a.it", "one server", 500 + 100 * (n % 4));
  const drawn = Array.from({ length: 200 }, () => draw(times, "a.it"));
  expect(drawn.some((ms) => ms < 550)).toBe(true);
  expect(drawn.some((ms) => ms > 750)).toBe(true);
});

test("each domain has times of its own, and one that has none yet takes those of the others", () => {
  const times = timesOf();
  for (let n = 0; n < 64; n += 1)
    times.note(n % 2 === 0 ? "quick.it" : "slow.it", "one server", n % 2 === 0 ? 300 : 3_000);
  for (const name of names) {
    expect(draw(times, "quick.it", name)).toBeLessThan(400);
    expect(draw(times, "slow.it", name)).toBeGreaterThan(2_800);
  }
  const elsewhere = names.map((name) => draw(times, null, name));
  expect(elsewhere.some((ms) => ms < 400)).toBe(true);
  expect(elsewhere.some((ms) => ms > 2_800)).toBe(true);
});

test("old answers are forgotten, and a stuck or broken server does not set the time", () => {
  const times = timesOf();
  for (let n = 0; n < 200; n += 1) times.note("a.it", "one server", 9_000);
  for (let n = 0; n < 200; n += 1) times.note("a.it", "one server", n % 2 === 0 ? 0 : 3_600_000);
  for (const name of names) {
    const ms = draw(times, "a.it", name);
    expect(ms).toBeGreaterThan(40);
    expect(ms).toBeLessThan(11_000);
    expect(Math.abs(ms - 9_000)).toBeGreaterThan(500);
  }
  const shortLived = timesOf({ oldestMs: -1 });
  shortLived.note("a.it", "one server", 9_000);
  expect(shortLived.draw("a.it", "x@a.it")).toBeUndefined();
});
