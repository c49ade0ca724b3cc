import type { Clock } from "../kit/clock.ts";
import type { LoginLimits } from "./limits.ts";

/** Accounts of which the target was told something new a moment ago, so that it may not go by that yet. */
export class SettlingAccounts {
  readonly #clock: Clock;
  readonly #limits: LoginLimits;
  /** Until when; the oldest first. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock, limits: LoginLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  note(address: string): void {
    const now = this.#clock.now();
    this.#until.delete(address);
    this.#until.set(address, now + this.#limits.settlingMs);
    for (const [settled, until] of this.#until) {
      if (until > now) break;
      this.#until.delete(settled);
    }
  }

  has(address: string): boolean {
    return (this.#until.get(address) ?? 0) > this.#clock.now();
  }
}
