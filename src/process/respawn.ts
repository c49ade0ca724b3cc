import { type BackoffPlan, backoffMs } from "../kit/backoff.ts";

/** From the second failure in a row on. */
const WAITS: BackoffPlan = { firstMs: 500, limitMs: 30_000 };
/** A process that has run as long was sound, and what ends it then is a new failure. One start takes less than a second of CPU. */
const SOUND_MS = 10_000;

/** When a process that has died is replaced: at once the first time, later and later while it keeps dying soon. */
export class Respawn {
  #failures = 0;

  /**
   * One more has died.
   * @param ranMs how long it had run since it was ready; 0 when it never was
   * @param random a number in [0, 1)
   * @returns milliseconds to wait before the next one
   */
  waitMs(ranMs: number, random: number = Math.random()): number {
    if (ranMs >= SOUND_MS) this.#failures = 0;
    this.#failures += 1;
    return this.#failures === 1 ? 0 : backoffMs(WAITS, this.#failures - 2, random);
  }
}
