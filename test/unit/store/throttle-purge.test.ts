import { expect, test } from "vitest";
import { openDatabase } from "../../../src/store/sqlite/database.ts";
import { sqliteThrottles } from "../../../src/store/sqlite/throttles.ts";

const NOW = Date.now();
const HOUR_MS = 3_600_000;

function stageOf(rowsKept: number) {
  const database = openDatabase(":memory:");
  const throttles = sqliteThrottles(database, rowsKept);
  const rows = (table: string) => Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]);
  const fail = (key: string, expire: number) =>
    database.prepare("INSERT INTO login_failure VALUES (?, 1, ?)").run(key, expire);
  /** What every login may bring about: a look for what has to go. */
  const look = (now: number) => throttles.noteAcquaintance("anna@a.it", "192.0.2.1", now, now + HOUR_MS);
  return { database, rows, fail, look };
}

test("what an attack has left goes in parts, soon one after the other, and no login waits for all of it", async () => {
  const { database, rows, fail, look } = stageOf(100_000);
  for (let n = 0; n < 5_000; n += 1) fail(`account ${n}@a.it`, NOW - 1);
  const left: number[] = [];
  for (let second = 0; second < 4; second += 1) {
    await look(NOW + second * 1_000);
    left.push(rows("login_failure"));
  }
  expect(left).toEqual([3_000, 1_000, 0, 0]);
  database.close();
});

test("of too many rows the oldest go, but never how many passwords a source has refused", async () => {
  const { database, rows, fail, look } = stageOf(10);
  fail("source-minute old.it:143", NOW + 60_000);
  for (let n = 0; n < 30; n += 1) fail(`account ${n}@a.it`, NOW + HOUR_MS + n);
  await look(NOW);
  expect(rows("login_failure")).toBe(10);
  const kept = database.prepare("SELECT key FROM login_failure ORDER BY expire LIMIT 2").all();
  expect(kept.map(({ key }) => key)).toEqual(["source-minute old.it:143", "account 21@a.it"]);
  database.close();
});
