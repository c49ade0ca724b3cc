import { Semaphore } from "../kit/semaphore.ts";
import { Failure } from "../model/failure.ts";
import type { LoginLimits } from "./limits.ts";

/** Bounds how many logins ask one source at the same time, how many queue for it, and for how long. */
export class SourceGate {
  readonly #limits: LoginLimits;
  /** By `host:port`; there are as many as sources, so none is ever dropped. */
  readonly #sources = new Map<string, Semaphore>();

  constructor(limits: LoginLimits) {
    this.#limits = limits;
  }

  /** Runs `ask` when it is its turn. @throws {Failure} `too-busy` when too many wait, or this one has waited too long */
  async run<T>(source: string, ask: () => Promise<T>): Promise<T> {
    const places = this.#placesOf(source);
    if (places.waiting >= this.#limits.waitersPerSource)
      throw new Failure("too-busy", `${places.waiting} logins wait for the source ${source} already`);
    const { sourceQueueMs } = this.#limits;
    const gaveUp = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        gaveUp.abort(
          new Failure(
            "too-busy",
            `a login has waited ${sourceQueueMs} ms for its turn to ask the source ${source}`,
          ),
        );
        reject(gaveUp.signal.reason as Failure);
      }, sourceQueueMs);
    });
    const asked = places.run(() => {
      gaveUp.signal.throwIfAborted();
      clearTimeout(timer);
      return ask();
    });
    try {
      return await Promise.race([asked, tooLong]);
    } finally {
      clearTimeout(timer);
    }
  }

  #placesOf(source: string): Semaphore {
    const known = this.#sources.get(source);
    if (known) return known;
    const made = new Semaphore(this.#limits.asksPerSource);
    this.#sources.set(source, made);
    return made;
  }
}
