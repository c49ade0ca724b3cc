import type { Account } from "../model/account.ts";

/** Columns by the names that an import knows where there are such (contract §4). */
const COLUMNS: readonly [string, (account: Account) => string | number | null][] = [
  ["address", (account) => account.address],
  ["state", (account) => account.state],
  ["reason", (account) => account.reason],
  ["message", (account) => account.message],
  ["source_login", (account) => account.sourceLogin],
  ["created_at", (account) => account.createdAt],
  ["first_login_at", (account) => account.firstLoginAt],
  ["copy_started_at", (account) => account.copyStartedAt],
  ["synced_at", (account) => account.syncedAt],
  ["last_pass_at", (account) => account.lastPassAt],
  ["messages_total", (account) => account.messagesTotal],
  ["messages_copied", (account) => account.messagesCopied],
  ["bytes_total", (account) => account.bytesTotal],
  ["bytes_copied", (account) => account.bytesCopied],
  ["quarantined", (account) => account.quarantined],
  ["failed_logins", (account) => account.failedLogins],
  ["last_failed_login_at", (account) => account.lastFailedLoginAt],
];

export const CSV_HEADER = COLUMNS.map(([name]) => name).join(",");

/** An account as a line of CSV (RFC 4180), without its line end. */
export function csvRow(account: Account): string {
  return COLUMNS.map(([, valueOf]) => csvField(valueOf(account))).join(",");
}

/**
 * Texts here come from remote servers and from imports. One that begins like a formula would be run by a spreadsheet, so it
 * gets an apostrophe in front, which spreadsheets take for "this is text".
 */
function csvField(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n']|^\s|\s$/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
