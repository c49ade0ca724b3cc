import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import { inspect } from "node:util";

const MASK = "[secret]";

/**
 * Octets that must not be shown: a password, a key. It prints as `[secret]` everywhere, in JSON too; `reveal()` is the
 * one way out, so a search for that word finds every place where a secret is used.
 */
export class Secret {
  readonly #octets: Buffer;

  /** Takes over `octets`: the caller must not keep or change them. */
  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  /** The octets themselves, not a copy: whoever calls this must not keep them. */
  reveal(): Buffer {
    return this.#octets;
  }

  /** Number of octets. */
  get length(): number {
    return this.#octets.length;
  }

  /** A copy with a life of its own, for a holder that outlives the original. */
  copy(): Secret {
    return new Secret(Buffer.from(this.#octets));
  }

  /** Overwrites the octets with zeros; the secret is of no use afterwards. */
  wipe(): void {
    this.#octets.fill(0);
  }

  /** Compares in a time that does not depend on where the two differ. */
  equals(other: Secret): boolean {
    return this.length === other.length && timingSafeEqual(this.#octets, other.#octets);
  }

  /** A keyed digest (HMAC-SHA-256): stands for the secret where it must be recognised and not be kept. */
  digest(key: Buffer): Buffer {
    // Given octets for a key, Node 24 makes an error with its stack and throws it away, which costs more than the digest.
    return createHmac("sha256", createSecretKey(key)).update(this.#octets).digest();
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
