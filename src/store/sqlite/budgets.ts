import { isDeepStrictEqual } from "node:util";
import { type BudgetUse, fits } from "../../model/budget.ts";
import { type SourceStanding, UNKNOWN_STANDING } from "../../model/source-standing.ts";
import type { BudgetStore } from "../store.ts";
import type { Database } from "./database.ts";
import { number, text } from "./rows.ts";

const USE = `SELECT count(*) FILTER (WHERE kind = 'login') AS logins, count(*) FILTER (WHERE kind = 'session') AS sessions,
    count(*) FILTER (WHERE kind IN ('copy', 'follow')) AS copies,
    count(*) FILTER (WHERE kind = 'follow') AS follows, count(*) FILTER (WHERE kind = 'copy' AND account = $account) AS of_account
  FROM source_permit WHERE source = $source AND held_until > $now`;

/** The connections to sources in a SQLite store. */
export function sqliteBudgets(database: Database): BudgetStore {
  return {
    async take({ source, account, kind, owner, now, ttlMs, bounds }) {
      // Looking first keeps those who wait from taking the write lock at every look.
      if (!fits(kind, useOf(database, source, account, now), bounds)) return null;
      return database.transaction(() => {
        if (!fits(kind, useOf(database, source, account, now), bounds)) return null;
        database.prepare("DELETE FROM source_permit WHERE source = ? AND held_until <= ?").run(source, now);
        const { lastInsertRowid } = database
          .prepare(
            `INSERT INTO source_permit (source, account, kind, owner, held_until)
             VALUES ($source, $account, $kind, $owner, $until)`,
          )
          .run({ source, account, kind, owner, until: now + ttlMs });
        return Number(lastInsertRowid);
      });
    },

    async renew(owner, now, ttlMs) {
      database.prepare("UPDATE source_permit SET held_until = ? WHERE owner = ?").run(now + ttlMs, owner);
    },

    async release(permit) {
      database.prepare("DELETE FROM source_permit WHERE id = ?").run(permit);
    },

    async releaseDead(isDead) {
      return database
        .prepare("SELECT DISTINCT owner FROM source_permit")
        .all()
        .map((row) => text(row, "owner"))
        .filter((owner) => isDead(owner))
        .reduce((released, owner) => {
          const { changes } = database.prepare("DELETE FROM source_permit WHERE owner = ?").run(owner);
          return released + Number(changes);
        }, 0);
    },

    use: async (source, account, now) => useOf(database, source, account, now),

    standing: async (source) => standingOf(database, source),

    async standings() {
      const rows = database.prepare("SELECT source, standing FROM source_standing ORDER BY source").all();
      return new Map(rows.map((row) => [text(row, "source"), parse(text(row, "standing"))]));
    },

    async changeStanding(source, change) {
      return database.transaction(() => {
        const now = standingOf(database, source);
        const next = change(now);
        if (!isDeepStrictEqual(now, next))
          database
            .prepare(
              "INSERT INTO source_standing VALUES ($source, $standing) ON CONFLICT DO UPDATE SET standing = excluded.standing",
            )
            .run({ source, standing: JSON.stringify(next) });
        return next;
      });
    },
  };
}

function useOf(database: Database, source: string, account: string, now: number): BudgetUse {
  const row = database.prepare(USE).get({ source, account, now }) ?? {};
  return {
    logins: number(row, "logins"),
    sessions: number(row, "sessions"),
    copies: number(row, "copies"),
    follows: number(row, "follows"),
    copiesOfAccount: number(row, "of_account"),
  };
}

function standingOf(database: Database, source: string): SourceStanding {
  const row = database.prepare("SELECT standing FROM source_standing WHERE source = ?").get(source);
  return row === undefined ? UNKNOWN_STANDING : parse(text(row, "standing"));
}

function parse(standing: string): SourceStanding {
  return { ...UNKNOWN_STANDING, ...(JSON.parse(standing) as Partial<SourceStanding>) };
}
