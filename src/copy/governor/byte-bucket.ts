import { sleep } from "../../kit/deadline.ts";

/** A wait is looked at again after this: the rate may have changed meanwhile. */
const LONGEST_SLEEP_MS = 500;

/** Spends octets at a bounded rate. More may be taken than there is: then everybody waits until the debt is paid, so the mean rate holds. */
export class ByteBucket {
  readonly #now: () => number;
  readonly #rate: () => number | null;
  /** Octets that may go at once; a second's worth at most. Below zero: debt. */
  #level = 0;
  #at: number;

  /** @param rate octets a second as of now; `null` = no bound */
  constructor(now: () => number, rate: () => number | null) {
    this.#now = now;
    this.#rate = rate;
    this.#at = now();
  }

  /** Resolves when the octets may have gone. @throws the signal's reason when it aborts first */
  async spend(octets: number, signal: AbortSignal): Promise<void> {
    this.#fill();
    this.#level -= octets;
    for (let waitMs = this.#debtMs(); waitMs > 0; waitMs = this.#debtMs()) {
      await sleep(Math.min(waitMs, LONGEST_SLEEP_MS), signal);
      this.#fill();
    }
  }

  #fill(): void {
    const now = this.#now();
    const rate = this.#rate();
    // Without a bound all is forgiven, and a clock that was put back pays nothing.
    this.#level =
      rate === null ? 0 : Math.min(rate, this.#level + (Math.max(0, now - this.#at) * rate) / 1000);
    this.#at = now;
  }

  #debtMs(): number {
    const rate = this.#rate();
    return rate === null || this.#level >= 0 ? 0 : Math.ceil((-this.#level / rate) * 1000);
  }
}
