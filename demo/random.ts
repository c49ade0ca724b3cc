import { createCipheriv } from "node:crypto";

/** Numbers that look random and are the same in every run, so that every demo moves the same mail. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** In [0, 1), from an xorshift of 32 bits. */
  next(): number {
    let x = this.#state || 1;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to `limit`, which is not among them. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** As much as is wanted, quickly: a cipher's key stream. */
  octets(count: number): Buffer {
    const key = Buffer.alloc(16);
    key.writeDoubleLE(this.next());
    return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(count));
  }
}
