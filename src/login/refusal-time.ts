import { createHmac, randomBytes } from "node:crypto";
import { sleep } from "../kit/deadline.ts";
import type { LoginLimits } from "./limits.ts";

/** How many refusals are kept. */
const KEPT = 64;

/** A refusal outside these says more of a bad moment than of how long refusals take. Milliseconds. */
const SHORTEST_MS = 50;
const LONGEST_MS = 10_000;

/** No two refusals of a real server take quite the same time. A share of it, either way. */
const SPREAD = 0.04;

/**
 * How long a server takes to refuse a password, so that a name nobody has is refused as slowly: who measures must not learn which
 * accounts exist. A name always draws from the same place among the recent times: real refusals take longer where two servers were
 * asked, and a name that wavered between one and two would give itself away.
 */
export class RefusalTimes {
  readonly #limits: LoginLimits;
  readonly #key = randomBytes(32);
  readonly #recent: number[] = [];

  constructor(limits: LoginLimits) {
    this.#limits = limits;
  }

  /** Notes a refusal that a server has made. */
  note(tookMs: number): void {
    this.#recent.push(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, tookMs)));
    if (this.#recent.length > KEPT) this.#recent.shift();
  }

  /** Milliseconds that the refusal of this name is to take. */
  draw(name: string): number {
    const known = this.#recent.toSorted((a, b) => a - b);
    const place = createHmac("sha256", this.#key).update(name).digest().readUInt32BE(0) / 2 ** 32;
    const ms = known[Math.floor(place * known.length)] ?? this.#limits.firstRefusalMs;
    return ms * (1 + SPREAD * (2 * Math.random() - 1));
  }

  /** Waits until the refusal of this name is due that began at `began` (of `performance.now()`). */
  async waitFor(name: string, began: number): Promise<void> {
    const restMs = began + this.draw(name) - performance.now();
    if (restMs > 0) await sleep(restMs);
  }
}
