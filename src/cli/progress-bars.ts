import { printable } from "../kit/text.ts";
import type { Account, AccountState } from "../model/account.ts";
import { counted } from "./counted.ts";
import { shareText, sizeText, timeLeftText } from "./quantities.ts";
import type { Rate, RateMeter, Totals } from "./rate-meter.ts";
import { cutToWidth, textWidth } from "./text-width.ts";

export type Paint = (colour: "green" | "yellow" | "red" | "cyan" | "gray", text: string) => string;

export interface BarsOptions {
  /** Characters a line may have. */
  readonly columns: number;
  /** Lines the whole picture may have. */
  readonly lines: number;
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
/** Counts, time left, rate and octets take about this much behind the state. */
const USUAL_DETAILS = 52;
const NARROWEST_BAR = 8;
const WIDEST_BAR = 40;
const WIDEST_LABEL = 36;
const BETWEEN = "  ";

/** A bar for each account and a line for all of them together; no line is longer than the terminal is wide. */
export function renderBars(accounts: readonly Account[], rates: RateMeter, options: BarsOptions): string[] {
  const listed = accounts.filter(({ state }) => state !== "waiting");
  const sorted = listed.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
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
  lines.push(fitting(summaryOf(accounts, rates), " · ", options.columns));
  return lines;
}

/** One account as a line of a log, for an output that is no terminal. */
export function plainLine(account: Account, rates: RateMeter): string {
  return [`${account.address}: ${account.state} ${percentOf(account, rates)} %`, ...detailsOf(account, rates)]
    .map((text) => printable(text, 1000))
    .join(", ");
}

/** The bar's width depends on the terminal only, so that the bars of all lines end below each other. */
function barLine(account: Account, rates: RateMeter, label: number, options: BarsOptions): string {
  const name = pad(cut(account.address, label), label);
  const percent = `${percentOf(account, rates)}%`.padStart(4);
  const state = pad(account.state, STATE_WIDTH);
  const fixed = label + percent.length + STATE_WIDTH + 3;
  const room = options.columns - fixed;
  const plain = cut(`${name} ${percent} ${state}`, options.columns);
  if (room < NARROWEST_BAR) return plain;
  const width = Math.min(Math.max(room - USUAL_DETAILS, NARROWEST_BAR), WIDEST_BAR);
  const details = fitting(detailsOf(account, rates), BETWEEN, room - width - 1);
  const bar = drawBar(rates.fraction(account), width);
  const colour = STATE_COLOURS[account.state];
  const line = `${name} ${options.paint(colour, bar)} ${percent} ${options.paint(colour, state)} ${details}`;
  return line.trimEnd();
}

/** Rounded down, so that 100 is said of nothing that is not done. */
function percentOf(account: Account, rates: RateMeter): number {
  return Math.floor(rates.fraction(account) * 100);
}

/** Most telling first: what does not fit is left out at the end. */
function detailsOf(account: Account, rates: RateMeter): string[] {
  const messages =
    account.messagesTotal === null
      ? ""
      : `${Math.min(account.messagesCopied ?? 0, account.messagesTotal)}/${account.messagesTotal}`;
  return [...stateDetails(account, rates, messages)].filter((text) => text !== "");
}

function stateDetails(account: Account, rates: RateMeter, messages: string): string[] {
  if (account.state === "attention") return [account.message ?? account.reason ?? "", messages];
  // What it waits for, such as the old server.
  if (account.message !== null && account.message !== undefined) return [account.message, messages];
  if (account.state === "captured") return [messages === "" ? "waits for its turn" : messages];
  if (account.state !== "copying") return [messages];
  if (account.messagesTotal === null)
    return ["counting", account.messagesCopied ? `${account.messagesCopied} copied` : ""];
  const rate = rates.rate(account.address);
  const octets = account.bytesTotal === null ? "" : shareText(account.bytesCopied ?? 0, account.bytesTotal);
  return [messages, leftText(account, rates), rate === null ? "" : speedText(rate), octets];
}

function leftText(account: Account, rates: RateMeter): string {
  if ((account.messagesCopied ?? 0) >= (account.messagesTotal ?? Number.POSITIVE_INFINITY))
    return "finishing";
  const seconds = rates.secondsLeft(account);
  return seconds === null ? "estimating" : `${timeLeftText(seconds)} left`;
}

/** Where all messages are without a text, messages tell more. */
function speedText(rate: Rate): string {
  return rate.bytesPerSecond > 0
    ? `${sizeText(rate.bytesPerSecond)}/s`
    : `${Math.round(rate.messagesPerSecond)} messages/s`;
}

function summaryOf(accounts: readonly Account[], rates: RateMeter): string[] {
  const inState = ORDER.map((state) => ({
    state,
    count: accounts.filter((account) => account.state === state).length,
  }));
  const states = inState.filter((one) => one.count > 0).map((one) => `${one.count} ${one.state}`);
  const counts = `${counted(accounts.length, "account")}: ${states.join(", ") || "none"}`;
  const totals = rates.totals(accounts);
  return totals === null ? [counts] : [counts, ...totalDetails(totals)];
}

function totalDetails(totals: Totals): string[] {
  const { rate, secondsLeft, bytesTotal } = totals;
  return [
    `${totals.messagesCopied}/${totals.messagesTotal} messages`,
    secondsLeft === null ? "" : `${timeLeftText(secondsLeft)} left`,
    rate === null
      ? ""
      : `${sizeText(rate.bytesPerSecond)}/s, ${Math.round(rate.messagesPerSecond)} messages/s`,
    bytesTotal === null || bytesTotal === 0 ? "" : shareText(totals.bytesCopied, bytesTotal),
  ].filter((text) => text !== "");
}

/** As many of the parts as fit; where not even the first does, its beginning. */
function fitting(parts: readonly string[], between: string, width: number): string {
  const [first = "", ...more] = parts;
  let line = cut(first, width);
  for (const part of more) {
    const longer = `${line}${between}${printable(part, 1000)}`;
    if (textWidth(longer) <= width) line = longer;
  }
  return line;
}

/** Eighths of a character, so that a long copy is seen to move. */
function drawBar(fraction: number, width: number): string {
  const eighths = Math.floor(fraction * width * 8);
  const full = Math.floor(eighths / 8);
  const part = full < width ? (["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8] ?? "") : "";
  return `${"█".repeat(full)}${part}${"░".repeat(width - full - part.length)}`;
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}

/** A message of a server may be the text, so control characters do not reach the terminal. */
function cut(text: string, width: number): string {
  return cutToWidth(printable(text.trimEnd(), 1000), Math.max(1, width));
}
