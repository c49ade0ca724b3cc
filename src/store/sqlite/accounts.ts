import { ACCOUNT_STATES, type AccountState, WAITING } from "../../model/account.ts";
import type { Address } from "../../model/address.ts";
import { type AccountStore, NotFoundError } from "../store.ts";
import { sqliteAccountChanges } from "./account-changes.ts";
import { accountPages } from "./account-pages.ts";
import { accountOfRow } from "./account-rows.ts";
import { sqliteCredentials } from "./credentials.ts";
import type { Database } from "./database.ts";
import { sqliteLogins } from "./login-records.ts";
import { number, numberOrNull, text, textOrNull, word } from "./rows.ts";
import { askAgainAbout, forgetLogins } from "./throttles.ts";

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
        const hasRefused = database.prepare("SELECT 1 FROM refused_password LIMIT 1").get() !== undefined;
        let created = 0;
        // In the order of the index, neighbours share a page that is written once.
        const inOrder = accounts.toSorted((a, b) => (a.address < b.address ? -1 : 1));
        for (const { address, domain, sourceLogin, name, quota } of inOrder) {
          created += Number(
            add.run(address, domain, WAITING.state, sourceLogin, name, quota, createdAt).changes,
          );
          if (hasRefused) askAgainAbout(database, address);
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

    list: (filter) => accountPages(database, filter),

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

    async remove(address) {
      return database.transaction(() => {
        database.prepare("DELETE FROM job WHERE address = ?").run(address);
        forgetLogins(database, "address = ?", address);
        return database.prepare("DELETE FROM account WHERE address = ?").run(address).changes === 1;
      });
    },

    ...sqliteAccountChanges(database),
    ...sqliteCredentials(database),
    ...sqliteLogins(database),
  };
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
