import type { RefusedPassword, ThrottleStore } from "../store.ts";
import type { Database } from "./database.ts";
import { sqliteFailureCounts } from "./failure-counts.ts";
import { number, octets, type Row, text, textOrNull } from "./rows.ts";
import { isUnwritable } from "./unwritable.ts";
import { UnwrittenFailures } from "./unwritten-failures.ts";

/** Rows of a table; the oldest above that go. What a few thousand attackers leave behind in a day, and 100 MB in all. */
const ROWS_KEPT = 300_000;
/** Between two looks for what is too old or too much, and as long as there is more of it than one look takes. */
const PURGE_EVERY_MS = { usually: 60_000, behind: 1_000 };
/** Rows of a table that go at a time: those of an attack at once would keep every login of every process waiting for seconds. */
const PURGED_AT_ONCE = 2_000;
/** Accounts of a network that are counted: more make no difference. */
const ACCOUNTS_COUNTED = 10_000;

/** `key` names a row; `stays`: not dropped for being one too many. How many passwords the sources have refused is forgotten by time alone, whoever floods the table. */
const PURGED = [
  { table: "login_failure", key: "key", end: "expire", stays: "key GLOB 'source-*'" },
  { table: "refused_password", key: "name, digest", end: "kept_until", stays: "FALSE" },
  { table: "known_network", key: "name, network", end: "kept_until", stays: "FALSE" },
] as const;

/** What failed logins leave behind in a SQLite store. */
export function sqliteThrottles(database: Database, rowsKept = ROWS_KEPT): ThrottleStore {
  const unwritten = new UnwrittenFailures();
  const counts = sqliteFailureCounts(database, unwritten);
  let purgedAt = Number.NEGATIVE_INFINITY;
  let isBehind = false;
  const purge = (now: number) => {
    if (Math.abs(now - purgedAt) < PURGE_EVERY_MS[isBehind ? "behind" : "usually"]) return;
    purgedAt = now;
    isBehind = PURGED.map((table) => purgeTable(database, table, now, rowsKept)).includes("more is left");
  };
  return {
    ...counts,

    async refused(name, digest, now) {
      return unwritten.refused(name, digest, now) ?? refusedRow(database, name, digest, now);
    },

    async noteRefused(refused, now) {
      const { name, digest } = refused;
      const isRemembered = unwritten.refused(name, digest, now) !== undefined;
      try {
        purge(now);
        const isKnown = putRefused(database, refused, now);
        unwritten.dropRefused(name, digest);
        return !isKnown && !isRemembered;
      } catch (error) {
        if (!isUnwritable(error)) throw error;
        unwritten.noteRefused(refused);
        return !isRemembered && refusedRow(database, name, digest, now) === undefined;
      }
    },

    async askAgain(name) {
      unwritten.askAgain(name);
      askAgainAbout(database, name);
    },

    async acquaintance(name, network, now) {
      const row = database
        .prepare(
          `SELECT EXISTS (SELECT 1 FROM known_network WHERE name = $name AND network = $network AND kept_until > $now) AS is_known,
             (SELECT count(*) FROM (SELECT 1 FROM known_network WHERE network = $network AND kept_until > $now LIMIT $most)) AS accounts`,
        )
        .get({ name, network, now, most: ACCOUNTS_COUNTED });
      return { isKnown: row?.["is_known"] === 1, accounts: number(row ?? {}, "accounts") };
    },

    async noteAcquaintance(name, network, now, keptUntil) {
      try {
        purge(now);
        database
          .prepare(
            `INSERT INTO known_network (name, network, kept_until) VALUES (?, ?, ?)
             ON CONFLICT DO UPDATE SET kept_until = excluded.kept_until`,
          )
          .run(name, network, keptUntil);
        return true;
      } catch (error) {
        // Whoever has logged in rightly is not turned away because a disk is full.
        if (!isUnwritable(error)) throw error;
        return false;
      }
    },
  };
}

function refusedRow(
  database: Database,
  name: string,
  digest: Buffer,
  now: number,
): RefusedPassword | undefined {
  const row = database
    .prepare("SELECT * FROM refused_password WHERE name = ? AND digest = ? AND kept_until > ?")
    .get(name, digest, now);
  return row && refusedOfRow(row);
}

/** Returns whether it was known. */
function putRefused(
  database: Database,
  { name, domain, digest, refusals, againAt, keptUntil }: RefusedPassword,
  now: number,
): boolean {
  return database.transaction(() => {
    const isKnown = refusedRow(database, name, digest, now) !== undefined;
    database
      .prepare(
        `INSERT INTO refused_password (name, digest, domain, refusals, again_at, kept_until)
         VALUES ($name, $digest, $domain, $refusals, $againAt, $keptUntil)
         ON CONFLICT DO UPDATE SET refusals = $refusals, again_at = $againAt, kept_until = $keptUntil`,
      )
      .run({ name, digest, domain, refusals, againAt, keptUntil });
    return isKnown;
  });
}

/** Something has happened to the account that may make a refused password right. Costs a look where nothing was refused. */
export function askAgainAbout(database: Database, name: string): void {
  const waits = database
    .prepare("SELECT 1 FROM refused_password WHERE name = ? AND again_at > 0 LIMIT 1")
    .get(name);
  if (waits !== undefined)
    database.prepare("UPDATE refused_password SET again_at = 0 WHERE name = ? AND again_at > 0").run(name);
}

/** The same for all names of a domain. */
export function askAgainInDomain(database: Database, domain: string): void {
  database.prepare("UPDATE refused_password SET again_at = 0 WHERE domain = ? AND again_at > 0").run(domain);
}

/** Forgets where removed accounts came from and what was refused to them; `accounts` is what follows WHERE in a query of the table account. */
export function forgetLogins(
  database: Database,
  accounts: "address = ?" | "domain = ?",
  value: string,
): void {
  for (const table of ["known_network", "refused_password"])
    database
      .prepare(`DELETE FROM ${table} WHERE name IN (SELECT address FROM account WHERE ${accounts})`)
      .run(value);
}

/** What is too old, and then the oldest of what is too much; not more than a part of it. */
function purgeTable(
  database: Database,
  { table, key, end, stays }: (typeof PURGED)[number],
  now: number,
  rowsKept: number,
): "all is done" | "more is left" {
  const remove = (which: string, ...values: number[]) =>
    Number(
      database
        .prepare(
          `DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE ${which} ORDER BY ${end} LIMIT ?)`,
        )
        .run(...values).changes,
    );
  const expired = remove(`${end} <= ?`, now, PURGED_AT_ONCE);
  const rows = number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get() ?? {}, "n");
  const tooMany = Math.max(0, Math.min(rows - rowsKept, PURGED_AT_ONCE - expired));
  const removed = expired + (tooMany === 0 ? 0 : remove(`NOT (${stays})`, tooMany));
  return removed >= PURGED_AT_ONCE ? "more is left" : "all is done";
}

function refusedOfRow(row: Row): RefusedPassword {
  return {
    name: text(row, "name"),
    domain: textOrNull(row, "domain"),
    digest: octets(row, "digest"),
    refusals: number(row, "refusals"),
    againAt: number(row, "again_at"),
    keptUntil: number(row, "kept_until"),
  };
}
