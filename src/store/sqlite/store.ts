import type { Store } from "../store.ts";
import { sqliteAccounts } from "./accounts.ts";
import { sqliteBudgets } from "./budgets.ts";
import type { Database } from "./database.ts";
import { sqliteDomains } from "./domains.ts";
import { sqliteLedger } from "./ledger.ts";
import { sqliteThrottles } from "./throttles.ts";
import { sqliteTurns } from "./turns.ts";

/** The store in one SQLite file. `close` closes the database, which a queue may share. */
export function sqliteStore(database: Database): Store {
  return {
    domains: sqliteDomains(database),
    accounts: sqliteAccounts(database),
    ledger: sqliteLedger(database),
    budgets: sqliteBudgets(database),
    throttles: sqliteThrottles(database),
    turns: sqliteTurns(database),
    compact: async () => database.compact(),
    close: async () => database.close(),
  };
}
