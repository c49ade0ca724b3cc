import type { Breaker } from "../../model/breaker.ts";
import { Failure } from "../../model/failure.ts";
import { SPREAD, STEP_ASIDE_MS, WAITS_KEPT } from "./bounds.ts";

/** What an account shows while it waits: a remark, never an error. `until` in milliseconds since 1970. */
export function waitingMessage(until: number, words: string | null): string {
  // To the next minute: a time that has passed already would look wrong.
  const time = new Date(Math.ceil(until / 60_000) * 60_000).toISOString().slice(11, 16);
  return `waiting for the old server until ${time}Z${words === null ? "" : ` (its words: ${words})`}`;
}

/** The wait, spread a little, so that accounts that wait together do not come back together. */
export function spread(ms: number, random: number = Math.random()): number {
  return Math.round(ms * (1 + SPREAD * random));
}

/** The source has let nobody in for a while and is left alone. */
export function nobodyLetIn(source: string, breaker: Breaker, now: number): Failure {
  const retryAt = breaker.state === "closed" ? now : breaker.retryAt;
  const words = breaker.state === "closed" ? null : breaker.words;
  return new Failure(
    "source-wait",
    `the source ${source} lets nobody in at present and is left alone for a while`,
    {
      wait: { ms: Math.max(1_000, retryAt - now), words, ofSource: true },
    },
  );
}

/** The copier gives way to a login that needs the only connection. */
export function steppedAside(source: string): Failure {
  return new Failure("source-wait", `the source ${source} grants one connection, and a login needs it`, {
    wait: { ms: STEP_ASIDE_MS, words: null },
  });
}

/** Pauses that a server has asked for, by account: a login of the user makes the account due at once, and must not end them. */
export class AskedWaits {
  readonly #until = new Map<string, { readonly at: number; readonly failure: Failure }>();

  note(account: string, failure: Failure, now: number): void {
    if (failure.wait === null || failure.wait.words === null) return;
    if (this.#until.size >= WAITS_KEPT) this.#forget(now);
    this.#until.set(account, { at: now + failure.wait.ms, failure });
  }

  /** @throws {Failure} the `source-wait` that is not over yet, with what is left of it */
  check(account: string, now: number): void {
    const wait = this.#until.get(account);
    if (wait === undefined) return;
    if (wait.at <= now) this.#until.delete(account);
    else
      throw new Failure("source-wait", wait.failure.message, {
        cause: wait.failure,
        wait: { ms: wait.at - now, words: wait.failure.wait?.words ?? null },
      });
  }

  #forget(now: number): void {
    for (const [account, { at }] of this.#until) if (at <= now) this.#until.delete(account);
    const [oldest] = this.#until.keys();
    if (this.#until.size >= WAITS_KEPT && oldest !== undefined) this.#until.delete(oldest);
  }
}
