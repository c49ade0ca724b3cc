import type { Address } from "../model/address.ts";
import type { Database } from "../store/sqlite/database.ts";
import { number, text } from "../store/sqlite/rows.ts";
import type { Lease, LeaseFilter, Queue } from "./queue.ts";

const PUT = `INSERT INTO job (address, due_at) VALUES ($address, $dueAt)
  ON CONFLICT DO UPDATE SET due_at = min(coalesce(due_at, excluded.due_at), excluded.due_at)`;
/** A turn asked for in the future while a lease ran is kept; any other is what the new lease is for. */
const TAKE = `UPDATE job SET owner = $owner, token = $token, leased_at = $now, leased_until = $until,
    due_at = CASE WHEN owner IS NOT NULL AND due_at > $now THEN due_at END
  WHERE address = $address`;
const HELD = "address = $address AND token = $token AND owner = $owner";
const END = `UPDATE job SET owner = NULL, leased_at = NULL, leased_until = NULL, failures = $failures,
    due_at = coalesce(min(due_at, $nextDueAt), due_at, $nextDueAt)
  WHERE ${HELD}`;

/** A job whose account is gone is handed out as well: its turn ends it. */
const NOT_OF_DOMAINS = `AND NOT EXISTS (SELECT 1 FROM account
  WHERE account.address = job.address AND account.domain IN (SELECT value FROM json_each($domains)))`;

/** The queue as a table beside the store. Statements are single transactions, so several processes may lease at once. */
export function sqliteQueue(database: Database): Queue {
  const end = (lease: Lease, nextDueAt: number | null, failures: number) => {
    const { address, owner, token } = lease;
    database.prepare(END).run({ address, owner, token, nextDueAt, failures });
  };
  return {
    async put(address, dueAt) {
      // Looking first lets whoever only asks again in, a user who waits for the copier, though the disk is full.
      if (isDueBy(database, address, dueAt)) return;
      database.prepare(PUT).run({ address, dueAt });
    },

    async lease(owner, now, ttlMs, filter = {}) {
      // Looking first keeps an idle worker from taking the write lock at every look.
      if (candidate(database, now, filter) === undefined) return undefined;
      return database.transaction(() => {
        const address = candidate(database, now, filter);
        return address === undefined ? undefined : take(database, address, owner, now, now + ttlMs);
      });
    },

    async renew({ address, owner, token }, now, ttlMs) {
      const { changes } = database
        .prepare(`UPDATE job SET leased_until = $until WHERE ${HELD}`)
        .run({ address, owner, token, until: now + ttlMs });
      return changes === 1;
    },

    async finish(lease, nextDueAt) {
      database.transaction(() => {
        end(lease, nextDueAt, 0);
        database
          .prepare("DELETE FROM job WHERE address = ? AND owner IS NULL AND due_at IS NULL")
          .run(lease.address);
      });
    },

    async fail(lease, retryAt) {
      end(lease, retryAt, lease.failures + 1);
    },

    async releaseDead(isDead) {
      const owners = database.prepare("SELECT DISTINCT owner FROM job WHERE owner IS NOT NULL").all();
      const release = database.prepare(
        `UPDATE job SET owner = NULL, due_at = min(coalesce(due_at, leased_at), leased_at), leased_at = NULL, leased_until = NULL
         WHERE owner = ?`,
      );
      return owners
        .map((row) => text(row, "owner"))
        .filter((owner) => isDead(owner))
        .reduce((released, owner) => released + Number(release.run(owner).changes), 0);
    },

    async remove(address) {
      database.prepare("DELETE FROM job WHERE address = ?").run(address);
    },

    async depth(now) {
      const row = database
        .prepare(
          `SELECT count(*) FILTER (WHERE owner IS NOT NULL OR due_at <= $now) AS due,
             count(*) FILTER (WHERE owner IS NOT NULL AND leased_until > $now) AS leased FROM job`,
        )
        .get({ now });
      return { due: number(row ?? {}, "due"), leased: number(row ?? {}, "leased") };
    },
  };
}

function isDueBy(database: Database, address: Address, dueAt: number): boolean {
  return (
    database.prepare("SELECT 1 FROM job WHERE address = ? AND due_at <= ?").get(address, dueAt) !== undefined
  );
}

/** Whose job is to be taken now: due longest first, and of an equal age by name. */
function candidate(database: Database, now: number, filter: LeaseFilter): Address | undefined {
  const { address, notDomains = [] } = filter;
  const due = filter.evenIfNotDue === true ? "(owner IS NULL OR leased_until <= $now)" : "ready_at <= $now";
  const only = address === undefined ? "" : "AND address = $only";
  const not = notDomains.length === 0 ? "" : NOT_OF_DOMAINS;
  const row = database
    .prepare(`SELECT address FROM job WHERE ${due} ${only} ${not} ORDER BY ready_at, address LIMIT 1`)
    .get({
      now,
      ...(address === undefined ? {} : { only: address }),
      ...(notDomains.length === 0 ? {} : { domains: JSON.stringify(notDomains) }),
    });
  return row && text(row, "address");
}

function take(database: Database, address: Address, owner: string, now: number, until: number): Lease {
  const next = database.prepare("UPDATE job_token SET last = last + 1 RETURNING last").get();
  const token = number(next ?? {}, "last");
  database.prepare(TAKE).run({ address, owner, token, now, until });
  const row = database.prepare("SELECT failures FROM job WHERE address = ?").get(address);
  return { address, owner, token, failures: number(row ?? {}, "failures") };
}
