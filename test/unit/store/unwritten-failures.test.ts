import { expect, test } from "vitest";
import { UnwrittenFailures } from "../../../src/store/sqlite/unwritten-failures.ts";

const HOUR_MS = 3_600_000;

test("failures count in memory until the window that began with the first one ends", () => {
  const failures = new UnwrittenFailures();
  failures.count("account a", HOUR_MS, 0);
  failures.count("account a", HOUR_MS, HOUR_MS / 2);
  expect(failures.failures("account a", HOUR_MS - 1)).toBe(2);
  expect(failures.counts(HOUR_MS - 1)).toEqual([{ key: "account a", failures: 2, until: HOUR_MS }]);
  expect(failures.failures("account a", HOUR_MS)).toBe(0);
  expect(failures.counts(HOUR_MS)).toEqual([]);
  failures.count("account a", HOUR_MS, HOUR_MS);
  expect(failures.failures("account a", HOUR_MS)).toBe(1);
});

test("what is kept in memory is bounded: the oldest goes, and what is still guessed at stays", () => {
  const failures = new UnwrittenFailures();
  const digest = Buffer.from("wrong");
  const refused = { domain: null, digest, refusals: 1, againAt: 0, keptUntil: HOUR_MS };
  for (let n = 0; n < 12_000; n += 1) {
    failures.count("account victim", HOUR_MS, 0);
    failures.count(`account ${n}`, HOUR_MS, 0);
    failures.noteRefused({ ...refused, name: `name ${n}` });
  }
  expect(failures.counts(0).length).toBeLessThanOrEqual(10_000);
  expect(failures.failures("account victim", 0)).toBe(12_000);
  expect(failures.failures("account 0", 0)).toBe(0);
  expect(failures.refused("name 0", digest, 0)).toBeUndefined();
  expect(failures.refused("name 11999", digest, 0)).toBeDefined();
  expect(failures.refused("name 11999", digest, HOUR_MS)).toBeUndefined();
});
