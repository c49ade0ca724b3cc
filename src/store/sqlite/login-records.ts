import type { Domain } from "../../model/domain.ts";
import type { AccountStore } from "../store.ts";
import { accountOfRow } from "./account-rows.ts";
import { credentialsOfRow } from "./credentials.ts";
import type { Database } from "./database.ts";
import { domainOfRow } from "./domains.ts";
import type { Row } from "./rows.ts";

/** What a row holds, in the order of its columns. */
type Values = readonly Row[string][];

/** A table of the statement: where its columns stand in what it gives, and a row of it without values. */
interface Part {
  readonly from: number;
  readonly names: readonly string[];
  readonly empty: Row;
}

/** The tables whose rows a login needs, in the order of the statement. */
const TABLES = ["domain", "account", "credential"] as const;
/** Domains that are kept as they were read last. */
const DOMAINS_KEPT = 1_000;

/** The part of the accounts that a login asks: everything in one statement. */
export function sqliteLogins(database: Database): Pick<AccountStore, "findLogin"> {
  let query: ReturnType<typeof prepare> | undefined;
  const domains = new Map<string, { readonly values: Values; readonly domain: Domain }>();
  /** Domains hardly ever change, and have JSON in them: one that is as it was is not made anew. */
  const domainOf = (name: string, part: Part, values: Values): Domain => {
    const known = domains.get(name);
    if (known && part.names.every((_, at) => known.values[at] === values[at])) return known.domain;
    const domain = domainOfRow(rowOf(part, values));
    if (domains.size >= DOMAINS_KEPT) domains.clear();
    domains.set(name, { values, domain });
    return domain;
  };
  return {
    async findLogin(address) {
      query ??= prepare(database);
      const name = address.slice(address.lastIndexOf("@") + 1);
      const values = query.statement.get(address, name) as unknown as Values | undefined;
      if (values === undefined) return undefined;
      const { domain, account, credential } = query;
      const accountRow = rowOf(account, values);
      const credentialRow = rowOf(credential, values);
      return {
        domain: domainOf(name, domain, values),
        account: accountRow["address"] === null ? undefined : accountOfRow(accountRow),
        kept: credentialRow["verifier"] === null ? undefined : credentialsOfRow(credentialRow),
      };
    },
  };
}

/** A copy that has all names from the beginning: to give an object one name after the other costs V8 three times as much. */
function rowOf({ from, names, empty }: Part, values: Values): Row {
  const row = { ...empty };
  for (const [at, name] of names.entries()) row[name] = values[from + at] ?? null;
  return row;
}

/** Tables share names of columns, and names cost more than values: the statement gives values only. */
function prepare(database: Database) {
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
  const [domain = [], account = [], credential = []] = columns;
  return {
    statement,
    domain: partOf(0, domain),
    account: partOf(domain.length, account),
    credential: partOf(domain.length + account.length, credential),
  };
}

function partOf(from: number, names: readonly string[]): Part {
  return { from, names, empty: Object.fromEntries(names.map((name) => [name, null])) };
}
