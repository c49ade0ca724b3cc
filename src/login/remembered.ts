import { hash, randomBytes } from "node:crypto";
import type { Clock } from "../kit/clock.ts";
import type { Secret } from "../kit/secret.ts";
import type { LoginLimits } from "./limits.ts";

interface Entry {
  readonly digest: Buffer;
  readonly until: number;
  /** The sealed password of the source that could be opened, so that it need not be tried at each login. */
  opened: Buffer | null;
}

/**
 * Passwords that were found right some minutes ago, as keyed digests under a key that lives in this process only: a webmail logs in
 * on every click, and this costs microseconds instead of a password hash. An entry belongs to one verifier and is worth nothing
 * once the account has another.
 */
export class RememberedPasswords {
  readonly #clock: Clock;
  readonly #limits: LoginLimits;
  readonly #key = randomBytes(32);
  /** The oldest first. */
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, limits: LoginLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  has(address: string, verifier: string, password: Secret): boolean {
    const entry = this.#entries.get(address);
    if (entry === undefined) return false;
    if (entry.until <= this.#clock.now()) {
      this.#entries.delete(address);
      return false;
    }
    // Both are keyed digests: how long comparing them takes says nothing of the password.
    return entry.digest.equals(this.#digest(address, verifier, password));
  }

  remember(address: string, verifier: string, password: Secret): void {
    this.#entries.delete(address);
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size >= this.#limits.remembered) this.#entries.delete(oldest);
    const until = this.#clock.now() + this.#limits.rememberMs;
    this.#entries.set(address, { digest: this.#digest(address, verifier, password), until, opened: null });
  }

  /** Notes that the vault opens this sealed text of an account whose password is remembered. */
  noteOpened(address: string, sealed: Buffer): void {
    const entry = this.#entries.get(address);
    if (entry !== undefined) entry.opened = sealed;
  }

  hasOpened(address: string, sealed: Buffer): boolean {
    return this.#entries.get(address)?.opened?.equals(sealed) ?? false;
  }

  forget(address: string): void {
    this.#entries.delete(address);
  }

  #digest(address: string, verifier: string, password: Secret): Buffer {
    // Neither has a line feed in it, so nothing else leads to the same octets. The key goes first instead of by HMAC, which takes three times as long at
    // each login and guards against what somebody can do who sees digests: nobody does.
    const octets = Buffer.concat([this.#key, Buffer.from(`${address}\n${verifier}\n`), password.reveal()]);
    const digest = hash("sha256", octets, { outputEncoding: "buffer" });
    octets.fill(0);
    return digest;
  }
}
