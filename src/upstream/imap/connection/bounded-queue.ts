import type { Supply } from "./supply.ts";

type State =
  | { readonly kind: "open" }
  | { readonly kind: "ended" }
  | { readonly kind: "failed"; readonly error: Error };

/**
 * Items on their way from one producer to one consumer, with a bound: `put` gives a promise to wait for once the items that wait
 * weigh more than `limit`. A consumer that leaves its loop early abandons the queue, and what comes later is dropped.
 */
export class BoundedQueue<T> implements AsyncIterable<T>, Supply<T> {
  readonly #limit: number;
  readonly #weigh: (item: T) => number;
  readonly #items: T[] = [];
  #weight = 0;
  #state: State = { kind: "open" };
  #abandoned = false;
  #room: (() => void) | null = null;
  /** A consumer that waits, and how it is told. */
  #news: { readonly go: (isMore: boolean) => void; readonly fail: (error: Error) => void } | null = null;

  constructor(limit: number, weigh: (item: T) => number) {
    this.#limit = limit;
    this.#weigh = weigh;
  }

  /** Adds an item; a promise = wait for it before the next one. */
  put(item: T): Promise<void> | undefined {
    if (this.#abandoned) return undefined;
    this.#items.push(item);
    this.#weight += this.#weigh(item);
    this.#wakeConsumer();
    if (this.#weight <= this.#limit) return undefined;
    return new Promise((resolve) => {
      this.#room = resolve;
    });
  }

  /** No more items will come. */
  end(): void {
    if (this.#state.kind === "open") this.#state = { kind: "ended" };
    this.#wakeConsumer();
  }

  /** The consumer gets the items that wait, then the error. */
  fail(error: Error): void {
    if (this.#state.kind === "open") this.#state = { kind: "failed", error };
    this.#wakeConsumer();
    this.#wakeProducer();
  }

  /** Drops what waits and what comes: nobody will read it. */
  abandon(): void {
    this.#abandoned = true;
    this.#items.length = 0;
    this.#weight = 0;
    this.#wakeConsumer();
    this.#wakeProducer();
  }

  /** By hand and not as a generator: every message of a mailbox comes through here, and most need not be waited for. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, void, undefined> {
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: () => this.#next(),
      return: () => {
        this.abandon();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  take(): T | undefined {
    const item = this.#items.shift();
    if (item === undefined) return undefined;
    this.#weight -= this.#weigh(item);
    if (this.#weight <= this.#limit) this.#wakeProducer();
    return item;
  }

  /** One promise and no more: large messages are waited for piece by piece. */
  more(): Promise<boolean> {
    return new Promise((go, fail) => {
      this.#news = { go, fail };
      this.#wakeConsumer();
    });
  }

  async #next(): Promise<IteratorResult<T, void>> {
    for (;;) {
      const item = this.take();
      if (item !== undefined) return { done: false, value: item };
      if (!(await this.more())) return { done: true, value: undefined };
    }
  }

  #wakeConsumer(): void {
    const news = this.#news;
    if (news === null) return;
    const isMore = this.#items.length > 0;
    if (!isMore && !this.#abandoned && this.#state.kind === "open") return;
    this.#news = null;
    if (isMore) return news.go(true);
    const failed = !this.#abandoned && this.#state.kind === "failed" ? this.#state : null;
    this.abandon();
    if (failed === null) news.go(false);
    else news.fail(failed.error);
  }

  #wakeProducer(): void {
    this.#room?.();
    this.#room = null;
  }
}
