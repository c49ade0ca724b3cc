import { Semaphore } from "../kit/semaphore.ts";
import { Failure } from "../model/failure.ts";

/** How many come through a gate. */
interface GateBounds {
  /** At the same time. */
  readonly places: number;
  /** That may queue for a place. */
  readonly waiters: number;
  /** Longest time in the queue. Milliseconds. */
  readonly queueMs: number;
}

/** Bounds by name how many logins do something at the same time, how many queue for it, and for how long. Those who come first go first. */
export class Gate {
  /** What it leads to, for messages: `the source`. */
  readonly #what: string;
  readonly #bounds: GateBounds;
  /** Only of names that somebody is at. */
  readonly #places = new Map<string, { readonly semaphore: Semaphore; users: number }>();

  constructor(what: string, bounds: GateBounds) {
    this.#what = what;
    this.#bounds = bounds;
  }

  /** Runs `work` when it is its turn. @throws {Failure} `too-busy` when too many wait, or this one has waited too long */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const { places, waiters, queueMs } = this.#bounds;
    const place = this.#places.get(name) ?? { semaphore: new Semaphore(places), users: 0 };
    if (place.semaphore.waiting >= waiters)
      throw new Failure("too-busy", `${waiters} logins wait for ${this.#what} ${name} already`);
    this.#places.set(name, place);
    place.users += 1;
    const gaveUp = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        gaveUp.abort(
          new Failure("too-busy", `a login has waited ${queueMs} ms for its turn at ${this.#what} ${name}`),
        );
        reject(gaveUp.signal.reason as Failure);
      }, queueMs);
    });
    const done = place.semaphore
      .run(() => {
        gaveUp.signal.throwIfAborted();
        clearTimeout(timer);
        return work();
      })
      .finally(() => {
        place.users -= 1;
        if (place.users === 0) this.#places.delete(name);
      });
    try {
      return await Promise.race([done, tooLong]);
    } finally {
      clearTimeout(timer);
    }
  }
}
