import RateLimiterSQLite from "rate-limiter-flexible/lib/RateLimiterSQLite.js";
import type { ThrottleStore } from "../store.ts";
import type { Database } from "./database.ts";
import { number, text } from "./rows.ts";
import { isUnwritable } from "./unwritable.ts";
import { type UnwrittenFailures, writeCounts } from "./unwritten-failures.ts";

/** Rows that are listed. */
const LISTED = 10_000;

/** The part of the throttles that counts, in `unwritten` as long as the file takes nothing. The clock is the machine's: so the library has it. */
export function sqliteFailureCounts(
  database: Database,
  unwritten: UnwrittenFailures,
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
      return Promise.all(
        keys.map(async (key) => ((await limiter.get(key))?.consumedPoints ?? 0) + unwritten.failures(key)),
      );
    },

    async count(keys, windowMs) {
      for (const key of keys)
        await writing(
          () => limiter.penalty(key, 1, { customDuration: windowMs / 1_000 }),
          () => unwritten.count(key, windowMs),
        );
      if (unwritten.hasCounts)
        await writing(
          async () => {
            writeCounts(database, unwritten.counts());
            unwritten.forget();
          },
          () => {}, // they stay where they are
        );
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
      return Number(changes) + unwritten.forget((key) => ` ${key} `.includes(` ${word} `));
    },
  };
}

/** Writes, or does the other thing where the disk takes nothing. */
async function writing(write: () => Promise<unknown>, otherwise: () => void): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isUnwritable(error)) throw error;
    otherwise();
  }
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
