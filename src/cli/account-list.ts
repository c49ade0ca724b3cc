import type { Account } from "../model/account.ts";
import { ACCOUNT_HEADERS, accountRow } from "./account-view.ts";
import type { Cell, Output } from "./output.ts";

/** A table is laid out as a whole, so it is bounded: by what a person reads, and by what memory holds. */
const ROWS_ON_TERMINAL = 1_000;
const ROWS_ELSEWHERE = 100_000;
/** A terminal of 80 columns has room for who, the whole state and the remark; `MESSAGES` says how far it is. */
const DISPENSABLE = ["FIRST LOGIN", "SIZE"] as const;

/** Accounts as a table; where there are too many for one, the rest is only counted. Returns how many were shown. */
export async function printAccountTable(out: Output, accounts: AsyncIterable<Account>): Promise<number> {
  const limit = out.isTty ? ROWS_ON_TERMINAL : ROWS_ELSEWHERE;
  const rows: Cell[][] = [];
  let more = 0;
  for await (const account of accounts) {
    if (rows.length < limit) rows.push(accountRow(account));
    else more += 1;
  }
  if (rows.length > 0) out.table(ACCOUNT_HEADERS, rows, DISPENSABLE);
  if (more > 0) out.note(`… and ${more} more accounts; --json shows them all.`);
  return rows.length;
}

/** Values as a JSON array, one a line, as they come: a million need no memory. */
export async function writeJsonArray(out: Output, values: AsyncIterable<unknown>): Promise<void> {
  let separator = "[\n";
  for await (const value of values) {
    out.write(`${separator}${JSON.stringify(value)}`);
    separator = ",\n";
    await out.drained();
  }
  out.write(separator === "[\n" ? "[]" : "\n]");
}

/** Values as newline-delimited JSON, as they come. */
export async function writeJsonLines(out: Output, values: AsyncIterable<unknown>): Promise<void> {
  for await (const value of values) {
    out.line(JSON.stringify(value));
    await out.drained();
  }
}
