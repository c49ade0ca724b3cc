import { parse } from "csv-parse/sync";
import { expect, test } from "vitest";
import { CSV_HEADER, csvRow } from "../../../src/cli/report-csv.ts";
import type { Account } from "../../../src/model/account.ts";

const ACCOUNT: Account = {
  address: "x@a.it",
  domain: "a.it",
  state: "attention",
  reason: "target_over_quota",
  message: null,
  sourceLogin: null,
  createdAt: "2026-03-01T10:00:00.000Z",
  firstLoginAt: null,
  copyStartedAt: null,
  syncedAt: null,
  lastPassAt: null,
  foldersTotal: null,
  foldersDone: null,
  messagesTotal: 12,
  messagesCopied: 0,
  bytesTotal: null,
  bytesCopied: null,
  quarantined: 0,
  failedLogins: 3,
  lastFailedLoginAt: null,
};

function parsed(account: Account): Record<string, string> {
  return parse<Record<string, string>>(`${CSV_HEADER}\n${csvRow(account)}\n`, { columns: true })[0] ?? {};
}

test("any text comes back as it was, whatever it is made of", () => {
  for (const message of ['he said "no", twice', "two\nlines", " space ", "it's", "è;\t,"])
    expect(parsed({ ...ACCOUNT, message })["message"]).toBe(message);
  expect(parsed(ACCOUNT)).toMatchObject({
    address: "x@a.it",
    messages_total: "12",
    failed_logins: "3",
    message: "",
  });
});

test("a text that a spreadsheet would run as a formula is marked as text", () => {
  for (const message of ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
    expect(parsed({ ...ACCOUNT, message })["message"]).toBe(`'${message}`);
  expect(csvRow({ ...ACCOUNT, address: "=cmd|' /c calc'@a.it" })).toMatch(/^"'=cmd/);
});
