import type { Account, AccountState } from "../model/account.ts";
import type { Cell, Colour, Output } from "./output.ts";
import { sizeText } from "./quantities.ts";

/** How states look, wherever they are shown. */
export const STATE_COLOURS: Readonly<Record<AccountState, Colour>> = {
  waiting: "gray",
  captured: "yellow",
  copying: "cyan",
  synced: "green",
  finalized: "green",
  attention: "red",
};

/** Headers of `accountRow`. */
export const ACCOUNT_HEADERS = ["ACCOUNT", "STATE", "FIRST LOGIN", "MESSAGES", "SIZE", "REMARK"] as const;

/** An account as a row of a table. */
export function accountRow(account: Account): Cell[] {
  const { bytesCopied } = account;
  return [
    account.address,
    { text: account.state, colour: STATE_COLOURS[account.state] },
    account.firstLoginAt === null ? null : timeText(account.firstLoginAt),
    account.messagesCopied === null ? null : messagesText(account),
    bytesCopied === null ? null : sizeText(bytesCopied),
    remarkOf(account),
  ];
}

/** One account in full, for `users show`. */
export function printAccount(out: Output, account: Account): void {
  const time = (at: string | null) => (at === null ? "–" : timeText(at));
  const rows: [string, string][] = [
    ["account", account.address],
    ["state", out.colour(STATE_COLOURS[account.state], account.state)],
    ...(account.reason === null
      ? account.message === null
        ? []
        : [["remark", account.message] as [string, string]]
      : [["reason", `${account.reason}: ${account.message ?? ""}`] as [string, string]]),
    ["login at the source", account.sourceLogin ?? "by the domain's rule"],
    ["created", time(account.createdAt)],
    ["first login", time(account.firstLoginAt)],
    ["copy started", time(account.copyStartedAt)],
    ["synced", time(account.syncedAt)],
    ["last pass", time(account.lastPassAt)],
    ["folders", `${account.foldersDone ?? "–"} of ${account.foldersTotal ?? "–"}`],
    ["messages", `${account.messagesCopied ?? "–"} of ${account.messagesTotal ?? "–"}`],
    ["size", `${orDash(account.bytesCopied)} of ${orDash(account.bytesTotal)}`],
    ["refused messages", String(account.quarantined)],
    [
      "failed logins",
      `${account.failedLogins}${account.lastFailedLoginAt ? `, the last ${time(account.lastFailedLoginAt)}` : ""}`,
    ],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  for (const [label, value] of rows) out.line(`${label.padEnd(width)}  ${value}`);
}

/** A time for people, to the minute, in UTC as everywhere. */
export function timeText(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)}Z`;
}

function messagesText({ messagesCopied, messagesTotal }: Account): string {
  return messagesTotal === null ? String(messagesCopied) : `${messagesCopied}/${messagesTotal}`;
}

function remarkOf(account: Account): string | null {
  if (account.state === "attention") return `${account.reason}: ${account.message}`;
  if (account.message !== null) return account.message;
  if (account.quarantined > 0) return `${account.quarantined} refused`;
  if (account.state === "waiting" && account.failedLogins > 0) return `${account.failedLogins} failed logins`;
  return null;
}

function orDash(octets: number | null): string {
  return octets === null ? "–" : sizeText(octets);
}
