import RateLimiterSQLite from "rate-limiter-flexible/lib/RateLimiterSQLite.js";
import type { ThrottleStore } from "../store.ts";
import type { Database } from "./database.ts";
import { number, text } from "./rows.ts";

/** Rows that are listed. */
const LISTED = 10_000;

/** The part of the throttles that counts. The clock is the machine's: so the library has it. */
export function sqliteFailureCounts(
  database: Database,
): Pick<ThrottleStore, "counts" | "count" | "list" | "clear"> {
  const limiter = new RateLimiterSQLite({
    storeClient: betterSqlite(database),
    storeType: "better-sqlite3",
    tableName: "login_failure",
    tableCreated: true,
    keyPrefix: "",
    // Nothing is refused by the limiter itself: what counts mean is decided in model/throttle.ts.
    points: Number.MAX_SAFE_INTEGER,
    duration: 3_600,
  });
  return {
    async counts(keys) {
      return Promise.all(keys.map(async (key) => (await limiter.get(key))?.consumedPoints ?? 0));
    },

    async count(keys, windowMs) {
      for (const key of keys) await limiter.penalty(key, 1, { customDuration: windowMs / 1_000 });
    },

    async list() {
      return database
        .prepare("SELECT * FROM login_failure WHERE expire > ? ORDER BY points DESC, key LIMIT ?")
        .all(Date.now(), LISTED)
        .map((row) => ({
          key: text(row, "key"),
          failures: number(row, "points"),
          until: number(row, "expire"),
        }));
    },

    async clear(word) {
      const { changes } = database
        .prepare("DELETE FROM login_failure WHERE instr(' ' || key || ' ', ' ' || ? || ' ') > 0")
        .run(word);
      return Number(changes);
    },
  };
}

/** Our database as the library wants one: better-sqlite3 hands out transactions as functions. */
function betterSqlite(database: Database) {
  return {
    prepare: (sql: string) => database.prepare(sql),
    transaction:
      <T>(work: () => T) =>
      () =>
        database.transaction(work),
  };
}
