/** Items that come by and by. Those that are there are taken at once: a promise for each would cost more than most messages do. */
export interface Supply<T> {
  /** The next item; `undefined` = there is none at the moment. */
  take(): T | undefined;
  /** Waits for the next one. True: look again; false: no more will come. @throws what the producer failed with, or the gate */
  more(): Promise<boolean>;
  /** Nobody will take the rest. */
  abandon(): void;
}

/** What an iterable gives, to be taken. */
export function supplyOf<T>(items: AsyncIterable<T> | Supply<T>): Supply<T> {
  return "more" in items ? items : new IteratorSupply(items[Symbol.asyncIterator]());
}

/** Each item as what `make` makes of it when it is taken. */
export function mapped<T, U>(items: Supply<T>, make: (item: T) => U): Supply<U> {
  return {
    take() {
      const item = items.take();
      return item === undefined ? undefined : make(item);
    },
    more: () => items.more(),
    abandon: () => items.abandon(),
  };
}

class IteratorSupply<T> implements Supply<T> {
  readonly #iterator: AsyncIterator<T, unknown, undefined>;
  #item: T | undefined;

  constructor(iterator: AsyncIterator<T, unknown, undefined>) {
    this.#iterator = iterator;
  }

  take(): T | undefined {
    const item = this.#item;
    this.#item = undefined;
    return item;
  }

  async more(): Promise<boolean> {
    const { done, value } = await this.#iterator.next();
    if (done) return false;
    this.#item = value;
    return true;
  }

  abandon(): void {
    // What the producer says of its own end concerns nobody any more.
    this.#iterator.return?.().catch(() => undefined);
  }
}

/** A supply each of whose items waits for a gate, which is asked when it is the item's turn and is open where it gives no promise. */
export class GatedSupply<T> implements Supply<T> {
  readonly #items: Supply<T>;
  readonly #gate: () => Promise<void> | undefined;
  readonly #over = Promise.withResolvers<void>();
  #wait: Promise<void> | undefined;
  /** The gate has been waited for, and lets the next item pass. */
  #isOpen = false;

  constructor(items: Supply<T>, gate: () => Promise<void> | undefined) {
    this.#items = items;
    this.#gate = gate;
  }

  /** Resolves when nobody takes anything any more. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  take(): T | undefined {
    if (!this.#isOpen) this.#wait ??= this.#gate();
    if (this.#wait !== undefined) return undefined;
    this.#isOpen = false;
    return this.#items.take();
  }

  /** Large messages are waited for piece by piece: no promise more than needed. */
  more(): Promise<boolean> {
    return this.#wait === undefined ? this.#items.more() : this.#pass(this.#wait);
  }

  async #pass(gate: Promise<void>): Promise<true> {
    await gate;
    this.#wait = undefined;
    this.#isOpen = true;
    return true;
  }

  abandon(): void {
    this.#items.abandon();
    this.#over.resolve();
  }
}
