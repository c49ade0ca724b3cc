import { printable } from "../kit/text.ts";
import type { Account, AccountState } from "../model/account.ts";
import { counted } from "./counted.ts";
import { durationText, sizeText } from "./quantities.ts";
import type { RateMeter } from "./rate-meter.ts";
import { cutToWidth, textWidth } from "./text-width.ts";

export type Paint = (colour: "green" | "yellow" | "red" | "cyan" | "gray", text: string) => string;

export interface BarsOptions {
  /** Characters a line may have. */
  readonly columns: number;
  /** Lines the whole picture may have. */
  readonly lines: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly paint: Paint;
}

/** What a user of the display looks at first. */
const ORDER: readonly AccountState[] = ["copying", "attention", "captured", "synced", "finalized", "waiting"];

const STATE_COLOURS: Record<AccountState, Parameters<Paint>[0]> = {
  waiting: "gray",
  captured: "cyan",
  copying: "cyan",
  synced: "green",
  finalized: "green",
  attention: "red",
};

const STATE_WIDTH = Math.max(...ORDER.map((state) => state.length));
/** Counts, time left and rate take about this much behind the state. */
const USUAL_DETAILS = 34;
const NARROWEST_BAR = 8;
const WIDEST_BAR = 40;
const WIDEST_LABEL = 36;

/**
 * How far an account's copy is, from 0 to 1: by octets where they are known, else by messages. Mail that arrives while the copy runs
 * makes counts overtake their totals, so it never says more than 1, and not 1 before the copy is done.
 */
export function fractionDone(account: Account): number {
  if (account.state === "synced" || account.state === "finalized") return 1;
  const byOctets = ratio(account.bytesCopied, account.bytesTotal);
  const fraction = byOctets ?? ratio(account.messagesCopied, account.messagesTotal) ?? 0;
  return Math.min(Math.max(fraction, 0), 0.999);
}

/** A bar for each account and a line for all of them together; no line is longer than the terminal is wide. */
export function renderBars(accounts: readonly Account[], rates: RateMeter, options: BarsOptions): string[] {
  const sorted = accounts.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  const room = Math.max(1, options.lines - 2);
  const shown = sorted.slice(0, room);
  const label = Math.min(
    WIDEST_LABEL,
    Math.floor(options.columns / 3),
    Math.max(0, ...shown.map((account) => textWidth(account.address))),
  );
  const lines = shown.map((account) => barLine(account, rates, label, options));
  if (sorted.length > shown.length)
    lines.push(cut(`… and ${sorted.length - shown.length} more`, options.columns));
  lines.push(cut(summary(accounts, rates, options.now), options.columns));
  return lines;
}

/** One account as a line of a log, for an output that is no terminal. */
export function plainLine(account: Account, rates: RateMeter, now: number): string {
  const percent = `${Math.floor(fractionDone(account) * 100)} %`;
  const details = detailsOf(account, rates, now).filter((text) => text !== "");
  return [`${account.address}: ${account.state} ${percent}`, ...details].join(", ");
}

/** The bar's width depends on the terminal only, so that the bars of all lines end below each other. */
function barLine(account: Account, rates: RateMeter, label: number, options: BarsOptions): string {
  const name = pad(cut(account.address, label), label);
  const percent = `${Math.floor(fractionDone(account) * 100)}%`.padStart(4);
  const state = pad(account.state, STATE_WIDTH);
  const fixed = label + percent.length + STATE_WIDTH + 3;
  const room = options.columns - fixed;
  const plain = cut(`${name} ${percent} ${state}`, options.columns);
  if (room < NARROWEST_BAR) return plain;
  const width = Math.min(Math.max(room - USUAL_DETAILS, NARROWEST_BAR), WIDEST_BAR);
  const details = detailsOf(account, rates, options.now).filter((text) => text !== "");
  const tail = cut(` ${details.join("  ")}`, room - width);
  const bar = drawBar(fractionDone(account), width);
  const colour = STATE_COLOURS[account.state];
  const line = `${name} ${options.paint(colour, bar)} ${percent} ${options.paint(colour, state)}${tail}`;
  return line.trimEnd();
}

/** Most telling first: what does not fit is cut at the end. */
function detailsOf(account: Account, rates: RateMeter, now: number): string[] {
  const messages = ratioText(account.messagesCopied, account.messagesTotal);
  if (account.state === "attention") return [account.message ?? account.reason ?? "", messages];
  if (account.message !== null) return [account.message, messages];
  if (account.state !== "copying") return [messages];
  const rate = rates.rate(account.address, now);
  if (rate === null) return [messages];
  const left = secondsLeft(account, rate.bytesPerSecond);
  return [messages, left === null ? "" : `${durationText(left)} left`, `${sizeText(rate.bytesPerSecond)}/s`];
}

function secondsLeft(account: Account, bytesPerSecond: number): number | null {
  if (account.bytesTotal === null || account.bytesCopied === null || bytesPerSecond <= 0) return null;
  return Math.max(0, account.bytesTotal - account.bytesCopied) / bytesPerSecond;
}

function summary(accounts: readonly Account[], rates: RateMeter, now: number): string {
  const inState = ORDER.map((state) => ({
    state,
    count: accounts.filter((account) => account.state === state).length,
  }));
  const parts = inState.filter((one) => one.count > 0).map((one) => `${one.count} ${one.state}`);
  const together = accounts
    .filter((account) => account.state === "copying")
    .map((account) => rates.rate(account.address, now));
  const bytes = together.reduce((sum, rate) => sum + (rate?.bytesPerSecond ?? 0), 0);
  const messages = together.reduce((sum, rate) => sum + (rate?.messagesPerSecond ?? 0), 0);
  const speed = bytes > 0 ? ` · ${sizeText(bytes)}/s, ${Math.round(messages)} messages/s` : "";
  return `${counted(accounts.length, "account")}: ${parts.join(", ") || "none"}${speed}`;
}

/** Eighths of a character, so that a long copy is seen to move. */
function drawBar(fraction: number, width: number): string {
  const eighths = Math.floor(fraction * width * 8);
  const full = Math.floor(eighths / 8);
  const part = full < width ? (["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8] ?? "") : "";
  return `${"█".repeat(full)}${part}${"░".repeat(width - full - part.length)}`;
}

function ratio(done: number | null, total: number | null): number | null {
  return done === null || total === null || total <= 0 ? null : done / total;
}

function ratioText(done: number | null, total: number | null): string {
  if (total === null) return "";
  return `${Math.min(done ?? 0, total)}/${total}`;
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}

/** A message of a server may be the text, so control characters do not reach the terminal. */
function cut(text: string, width: number): string {
  return cutToWidth(printable(text.trimEnd(), 1000), width);
}
