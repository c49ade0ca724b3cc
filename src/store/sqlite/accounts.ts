import { setImmediate } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import {
  ACCOUNT_STATES,
  type Account,
  type AccountEvent,
  type AccountStanding,
  type AccountState,
  nextStanding,
  type Progress,
  WAITING,
} from "../../model/account.ts";
import type { Address } from "../../model/address.ts";
import { type AccountFilter, type AccountStore, NotFoundError } from "../store.ts";
import { accountOfRow, PROGRESS_COLUMNS, standingOfRow } from "./account-rows.ts";
import { sqliteCredentials } from "./credentials.ts";
import type { Database } from "./database.ts";
import { number, numberOrNull, text, textOrNull, word } from "./rows.ts";

/** Rows read at once by `list`: between two pages nothing is held open, so a slow reader hinders nobody. */
const PAGE_ROWS = 1000;

/** The accounts of a SQLite store. */
export function sqliteAccounts(database: Database): AccountStore {
  const find = (address: Address) => database.prepare("SELECT * FROM account WHERE address = ?").get(address);
  return {
    async addMany(accounts, createdAt) {
      const add = database.prepare(
        "INSERT INTO account (address, domain, state, source_login, name, quota, created_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      );
      return database.transaction(() => {
        requireDomains(database, new Set(accounts.map((account) => account.domain)));
        let created = 0;
        // In the order of the index, neighbours share a page that is written once.
        const inOrder = accounts.toSorted((a, b) => (a.address < b.address ? -1 : 1));
        for (const { address, domain, sourceLogin, name, quota } of inOrder) {
          created += Number(
            add.run(address, domain, WAITING.state, sourceLogin, name, quota, createdAt).changes,
          );
        }
        return { created, existing: accounts.length - created };
      });
    },

    async get(address) {
      const row = find(address);
      return row && accountOfRow(row);
    },

    async getNew(address) {
      const row = find(address);
      if (row === undefined) return undefined;
      const domain = text(row, "domain");
      const sourceLogin = textOrNull(row, "source_login");
      return {
        address,
        domain,
        sourceLogin,
        name: textOrNull(row, "name"),
        quota: numberOrNull(row, "quota"),
      };
    },

    list: (filter) => pages(database, filter),

    async counts(domain) {
      const counts = Object.fromEntries(ACCOUNT_STATES.map((state) => [state, 0])) as Record<
        AccountState,
        number
      >;
      const rows = database
        .prepare("SELECT state, count(*) AS n FROM account WHERE domain = ? GROUP BY state")
        .all(domain);
      for (const row of rows) counts[word(row, "state", ACCOUNT_STATES)] = number(row, "n");
      return counts;
    },

    async apply(address, event, at) {
      return database.transaction(() => {
        const row = find(address);
        if (row === undefined) throw unknown(address);
        const now = standingOfRow(row);
        const next = nextStanding(now, event);
        // A repeated event changes nothing and need not cost a write; one that the state does not take sets no times.
        if (isDeepStrictEqual(now, next)) return accountOfRow(row);
        putStanding(database, address, next, event, at);
        return accountOfRow(find(address) ?? row);
      });
    },

    async setProgress(address, progress) {
      const names = (Object.keys(PROGRESS_COLUMNS) as (keyof Progress)[]).filter(
        (name) => progress[name] !== undefined,
      );
      if (names.length === 0) return;
      const assignments = names.map((name) => `${PROGRESS_COLUMNS[name]} = ?`).join(", ");
      const values = names.map((name) => progress[name] ?? null);
      database.prepare(`UPDATE account SET ${assignments} WHERE address = ?`).run(...values, address);
    },

    async setLastPass(address, at) {
      database.prepare("UPDATE account SET last_pass_at = ? WHERE address = ?").run(at, address);
    },

    async noteFailedLogin(address, at) {
      database
        .prepare(
          "UPDATE account SET failed_logins = failed_logins + 1, last_failed_login_at = ? WHERE address = ?",
        )
        .run(at, address);
    },

    async remove(address) {
      return database.transaction(() => {
        database.prepare("DELETE FROM job WHERE address = ?").run(address);
        return database.prepare("DELETE FROM account WHERE address = ?").run(address).changes === 1;
      });
    },

    ...sqliteCredentials(database),
  };
}

async function* pages(database: Database, filter: AccountFilter): AsyncGenerator<Account> {
  const page = database.prepare(pageQuery(filter));
  const { domain, state } = filter;
  const wanted = { ...(domain === undefined ? {} : { domain }), ...(state === undefined ? {} : { state }) };
  for (let after = ""; ; ) {
    const rows = page.all({ ...wanted, after });
    for (const row of rows) yield accountOfRow(row);
    if (rows.length < PAGE_ROWS) return;
    after = text(rows.at(-1) ?? {}, "address");
    // A million accounts must neither hold up the sessions of this process nor keep written output from leaving it.
    await setImmediate();
  }
}

function pageQuery({ domain, state }: AccountFilter): string {
  const page = (conditions: readonly string[]) =>
    `SELECT * FROM account WHERE ${["address > $after", ...conditions].join(" AND ")} ORDER BY address LIMIT ${PAGE_ROWS}`;
  const stateIs = state === undefined ? [] : ["state = $state"];
  if (domain === undefined) return page(stateIs);
  if (state !== undefined) return page(["domain = $domain", ...stateIs]);
  // The index is by domain, state and address: a page of each state, merged, saves an index by domain and address.
  const pages = ACCOUNT_STATES.map(
    (one) => `SELECT * FROM (${page(["domain = $domain", `state = '${one}'`])})`,
  );
  return `${pages.join(" UNION ALL ")} ORDER BY address LIMIT ${PAGE_ROWS}`;
}

function requireDomains(database: Database, names: ReadonlySet<string>): void {
  const known = database.prepare("SELECT 1 FROM domain WHERE name = ?");
  for (const name of names) {
    if (known.get(name) === undefined)
      throw new NotFoundError(
        `there is no domain ${name}; add it first with "imbarco domain add ${name} --source HOST"`,
      );
  }
}

/** The time that goes with an event; it is set once and stays. */
const TIME_COLUMNS: Partial<Record<AccountEvent["kind"], string>> = {
  captured: "first_login_at",
  "copy-started": "copy_started_at",
  synced: "synced_at",
};

function putStanding(
  database: Database,
  address: Address,
  standing: AccountStanding,
  event: AccountEvent,
  at: string,
): void {
  const { state, formerState, reason, message } = standing;
  const column = TIME_COLUMNS[event.kind];
  const time = column === undefined ? "" : `, ${column} = coalesce(${column}, $at)`;
  database
    .prepare(
      `UPDATE account SET state = $state, former_state = $formerState, reason = $reason, message = $message${time}
       WHERE address = $address`,
    )
    .run({ state, formerState, reason, message, address, ...(column === undefined ? {} : { at }) });
}

function unknown(address: Address): NotFoundError {
  return new NotFoundError(`there is no account ${address}`);
}
