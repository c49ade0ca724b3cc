import { setImmediate } from "node:timers/promises";
import { ACCOUNT_STATES, type Account } from "../../model/account.ts";
import type { AccountFilter } from "../store.ts";
import { accountOfRow } from "./account-rows.ts";
import type { Database } from "./database.ts";
import { text } from "./rows.ts";

/** Rows read at once by `list`: between two pages nothing is held open, so a slow reader hinders nobody. */
const PAGE_ROWS = 1000;

/** The accounts that fit, by address, a page at a time. */
export async function* accountPages(database: Database, filter: AccountFilter): AsyncGenerator<Account> {
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
