import type { AccountStore } from "../store.ts";
import { accountOfRow } from "./account-rows.ts";
import { credentialsOfRow } from "./credentials.ts";
import type { Database } from "./database.ts";
import { domainOfRow } from "./domains.ts";
import type { Row } from "./rows.ts";

/** The tables whose rows a login needs, in the order of the statement. */
const TABLES = ["domain", "account", "credential"] as const;

/** A statement, and the columns of each table in what it gives. */
interface Query {
  find(address: string, domain: string): readonly Row[] | undefined;
}

/** The part of the accounts that a login asks: everything in one statement. */
export function sqliteLogins(database: Database): Pick<AccountStore, "findLogin"> {
  let query: Query | undefined;
  return {
    async findLogin(address) {
      query ??= prepare(database);
      const rows = query.find(address, address.slice(address.lastIndexOf("@") + 1));
      if (rows === undefined) return undefined;
      const [domain = {}, account = {}, credential = {}] = rows;
      return {
        domain: domainOfRow(domain),
        account: account["address"] === null ? undefined : accountOfRow(account),
        kept: credential["verifier"] === null ? undefined : credentialsOfRow(credential),
      };
    },
  };
}

/** Tables share names of columns, and names cost more than values: the statement gives values only. */
function prepare(database: Database): Query {
  const columns = TABLES.map((table) =>
    database
      .prepare(`SELECT * FROM ${table}`)
      .columns()
      .map(({ name }) => name),
  );
  const list = TABLES.flatMap((table, index) => (columns[index] ?? []).map((name) => `${table}.${name}`));
  const statement = database.prepare(
    `SELECT ${list.join(", ")} FROM domain
     LEFT JOIN account ON account.address = ? AND account.domain = domain.name
     LEFT JOIN credential ON credential.address = account.address WHERE domain.name = ?`,
  );
  statement.setReturnArrays(true);
  return {
    find(address, domain) {
      const values = statement.get(address, domain) as unknown as Row[string][] | undefined;
      if (values === undefined) return undefined;
      let at = 0;
      return columns.map((names) => {
        const row: Row = {};
        for (const name of names) {
          row[name] = values[at] ?? null;
          at += 1;
        }
        return row;
      });
    },
  };
}
