import type { Account } from "../model/account.ts";

/** Time constant of the rates: what was 20 s ago counts a third of what is now. Long enough to be calm, short enough to follow. */
const MEMORY_MS = 20_000;
/** Below this much of measured time a rate is a guess. */
const SHORTEST_MS = 3_000;
/** Slower than this a copy stands still, and no time left can be told. */
const SLOWEST_PER_SECOND = 0.001;

export interface Rate {
  readonly bytesPerSecond: number;
  readonly messagesPerSecond: number;
}

/** What is left of the sum of some copies, as far as it is known. */
export interface Totals {
  readonly messagesCopied: number;
  readonly messagesTotal: number;
  readonly bytesCopied: number;
  /** `null` where a source does not say its sizes. */
  readonly bytesTotal: number | null;
  readonly rate: Rate | null;
  readonly secondsLeft: number | null;
}

/** What has been seen of one account: sums in which the past fades. */
interface Seen {
  /** When the account was imported: tells it from an earlier one of the same address. */
  readonly copy: string;
  at: number;
  bytes: number;
  messages: number;
  fadedMs: number;
  fadedBytes: number;
  fadedMessages: number;
  furthest: number;
}

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

/** How far and how fast the copies go, from looks at their counts. Times in milliseconds since 1970. */
export class RateMeter {
  readonly #seen = new Map<string, Seen>();

  /** Notes the counts as they are at `at`. */
  note(account: Account, at: number): void {
    const bytes = account.bytesCopied ?? 0;
    const messages = account.messagesCopied ?? 0;
    const copy = account.createdAt;
    const seen = this.#seen.get(account.address);
    if (seen === undefined || seen.copy !== copy) {
      const furthest = fractionDone(account);
      const nothing = { fadedMs: 0, fadedBytes: 0, fadedMessages: 0 };
      this.#seen.set(account.address, { copy, at, bytes, messages, ...nothing, furthest });
      return;
    }
    const passedMs = Math.max(0, at - seen.at);
    // A new pass may count from its beginning: nothing has been undone then.
    const kept = Math.exp(-passedMs / MEMORY_MS);
    seen.fadedMs = seen.fadedMs * kept + passedMs;
    seen.fadedBytes = seen.fadedBytes * kept + Math.max(0, bytes - seen.bytes);
    seen.fadedMessages = seen.fadedMessages * kept + Math.max(0, messages - seen.messages);
    seen.furthest = Math.max(seen.furthest, fractionDone(account));
    Object.assign(seen, { at, bytes, messages });
  }

  /** How far the copy is, from 0 to 1: it never goes back while the copy lasts, though a later pass counts anew. */
  fraction(account: Account): number {
    const now = fractionDone(account);
    if (now === 1) return 1;
    return Math.max(now, Math.min(this.#seen.get(account.address)?.furthest ?? 0, 0.999));
  }

  /** The rate of late; `null` while there is too little to tell it from. */
  rate(address: string): Rate | null {
    const seen = this.#seen.get(address);
    if (!seen || seen.fadedMs < SHORTEST_MS || seen.fadedBytes + seen.fadedMessages === 0) return null;
    const seconds = seen.fadedMs / 1000;
    return { bytesPerSecond: seen.fadedBytes / seconds, messagesPerSecond: seen.fadedMessages / seconds };
  }

  /** Seconds until all is copied, 1 at least; `null` where it cannot be told (yet). */
  secondsLeft(account: Account): number | null {
    const rate = this.rate(account.address);
    return rate === null ? null : timeFor(restOf([account]), rate);
  }

  /** The sum of the copies whose totals are known, and the time until the last of them is done at the rate of all together. */
  totals(accounts: readonly Account[]): Totals | null {
    const known = accounts.filter(({ messagesTotal }) => messagesTotal !== null);
    if (known.length === 0) return null;
    const rates = accounts
      .filter(({ state }) => state === "copying")
      .flatMap(({ address }) => this.rate(address) ?? []);
    const rate =
      rates.length === 0
        ? null
        : {
            bytesPerSecond: sum(rates, (one) => one.bytesPerSecond),
            messagesPerSecond: sum(rates, (one) => one.messagesPerSecond),
          };
    const open = known.filter(({ state }) => state === "copying" || state === "captured");
    const bytesKnown = known.every(({ bytesTotal }) => bytesTotal !== null);
    return {
      messagesCopied: sum(known, (one) => Math.min(one.messagesCopied ?? 0, one.messagesTotal ?? 0)),
      messagesTotal: sum(known, (one) => one.messagesTotal ?? 0),
      bytesCopied: sum(known, (one) => Math.min(one.bytesCopied ?? 0, one.bytesTotal ?? Infinity)),
      bytesTotal: bytesKnown ? sum(known, (one) => one.bytesTotal ?? 0) : null,
      rate,
      secondsLeft: rate === null || open.length === 0 ? null : timeFor(restOf(open), rate),
    };
  }
}

interface Rest {
  /** `null` where octets are not known. */
  readonly bytes: number | null;
  readonly messages: number | null;
}

function restOf(accounts: readonly Account[]): Rest {
  const rest = (done: number | null, total: number | null) =>
    total === null ? Number.NaN : Math.max(0, total - (done ?? 0));
  const bytes = sum(accounts, (one) => rest(one.bytesCopied, one.bytesTotal));
  const messages = sum(accounts, (one) => rest(one.messagesCopied, one.messagesTotal));
  return { bytes: Number.isNaN(bytes) ? null : bytes, messages: Number.isNaN(messages) ? null : messages };
}

function timeFor(rest: Rest, rate: Rate): number | null {
  const [amount, speed] =
    rest.bytes === null ? [rest.messages, rate.messagesPerSecond] : [rest.bytes, rate.bytesPerSecond];
  if (amount === null || speed < SLOWEST_PER_SECOND) return null;
  return Math.max(1, amount / speed);
}

function ratio(done: number | null, total: number | null): number | null {
  return done === null || total === null || total <= 0 ? null : done / total;
}

function sum<T>(list: readonly T[], value: (item: T) => number): number {
  return list.reduce((total, item) => total + value(item), 0);
}
