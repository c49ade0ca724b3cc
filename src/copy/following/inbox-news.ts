import type { Address } from "../../model/address.ts";

/** Tells a pass that is under way in this process that something has arrived in its account's INBOX at the source. */
export class InboxNews {
  readonly #listeners = new Map<Address, () => void>();

  /** The result ends it. */
  listen(address: Address, onNews: () => void): () => void {
    this.#listeners.set(address, onNews);
    return () => void this.#listeners.delete(address);
  }

  tell(address: Address): void {
    this.#listeners.get(address)?.();
  }
}

/**
 * Up to where in INBOX a pass copies: what has arrived above may be copied meanwhile by somebody else, who must not be at it while INBOX is opened anew and the
 * border moves.
 */
export class InboxBorder {
  #uidNext: number | null = null;
  #copying: Promise<void> = Promise.resolve();

  /** The border is about to move: waits for who copies above it, and lets nobody begin until `setAt`. */
  async lift(): Promise<void> {
    this.#uidNext = null;
    await this.#copying;
  }

  setAt(uidNext: number | null): void {
    this.#uidNext = uidNext;
  }

  /** Does `work` with what lies above; it returns up to where it has come. One at a time, and not at all while the border moves. */
  async copyAbove(work: (from: number) => Promise<number>): Promise<void> {
    await this.#copying;
    const from = this.#uidNext;
    if (from === null) return;
    const done = work(from).then((upTo) => {
      if (this.#uidNext === from) this.#uidNext = Math.max(from, upTo);
    });
    this.#copying = done.catch(() => undefined);
    await done;
  }
}
