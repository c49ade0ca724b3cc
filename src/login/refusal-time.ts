import { createHmac, randomBytes } from "node:crypto";
import type { LoginLimits } from "./limits.ts";

/** How many refusals are kept of a domain, and of all together. */
const KEPT = 64;

/** A refusal outside these says more of a bad moment than of how long refusals take. Milliseconds. */
const SHORTEST_MS = 50;
const LONGEST_MS = 10_000;

/** No two refusals of a real server take quite the same time. A share of it, either way. */
const SPREAD = 0.04;

/**
 * How long a server takes to refuse a password, so that a name nobody has is refused as slowly: who measures must not learn which
 * accounts exist. Each domain has times of its own, since its source is quick or slow in its own way. A name always draws from the
 * same place among the recent times: real refusals take longer where two servers were asked, and a name that wavered between one
 * and two would give itself away.
 */
export class RefusalTimes {
  readonly #limits: LoginLimits;
  readonly #key = randomBytes(32);
  /** By domain, only of such as there are; under `null` those of all domains. */
  readonly #recent = new Map<string | null, number[]>();

  constructor(limits: LoginLimits) {
    this.#limits = limits;
  }

  /** Notes a refusal that a server has made of an account in `domain`. */
  note(domain: string, tookMs: number): void {
    const ms = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, tookMs));
    for (const place of [domain, null]) {
      const times = this.#recent.get(place) ?? [];
      this.#recent.set(place, times);
      times.push(ms);
      if (times.length > KEPT) times.shift();
    }
  }

  /** Milliseconds that the refusal of this name is to take; `domain` is `null` where there is no such domain. */
  draw(domain: string | null, name: string): number {
    const known = (this.#recent.get(domain) ?? this.#recent.get(null) ?? []).toSorted((a, b) => a - b);
    const place = createHmac("sha256", this.#key).update(name).digest().readUInt32BE(0) / 2 ** 32;
    const ms = known[Math.floor(place * known.length)] ?? this.#limits.firstRefusalMs;
    return ms * (1 + SPREAD * (2 * Math.random() - 1));
  }
}
