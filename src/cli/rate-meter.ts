import type { Account } from "../model/account.ts";

/** A rate is taken over this much of the past: long enough to be calm, short enough to follow. */
const WINDOW_MS = 10_000;

export interface Rate {
  readonly bytesPerSecond: number;
  readonly messagesPerSecond: number;
}

interface Sample {
  readonly at: number;
  readonly bytes: number;
  readonly messages: number;
}

/** How fast each account's copy goes, from looks at its counts. Times in milliseconds since 1970. */
export class RateMeter {
  readonly #samples = new Map<string, Sample[]>();

  /** Notes the counts as they are at `at`. */
  note(account: Account, at: number): void {
    const sample = { at, bytes: account.bytesCopied ?? 0, messages: account.messagesCopied ?? 0 };
    const samples = this.#samples.get(account.address) ?? [];
    const last = samples.at(-1);
    // A new pass may count from its beginning: what was measured before means nothing then.
    if (last && (sample.bytes < last.bytes || sample.messages < last.messages)) samples.length = 0;
    samples.push(sample);
    while (samples.length > 2 && (samples[1]?.at ?? at) <= at - WINDOW_MS) samples.shift();
    this.#samples.set(account.address, samples);
  }

  /** The rate up to `now`; `null` before there are two looks to compare. */
  rate(address: string, now: number): Rate | null {
    const samples = this.#samples.get(address);
    const first = samples?.[0];
    const last = samples?.at(-1);
    if (!first || !last || first === last) return null;
    const seconds = Math.max(now - first.at, 1) / 1000;
    return {
      bytesPerSecond: (last.bytes - first.bytes) / seconds,
      messagesPerSecond: (last.messages - first.messages) / seconds,
    };
  }
}
