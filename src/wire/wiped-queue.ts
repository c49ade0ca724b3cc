const LF = 0x0a;
const CR = 0x0d;
const FIRST_CAPACITY = 512;
/** A larger buffer is given back once it is empty: a burst must not cost memory for as long as the connection lasts. */
const KEPT_CAPACITY = 2_048;

/**
 * Octets that a client sent and that may hold a password: one buffer of our own, where everything that was taken out
 * is overwritten. `kit/byte-queue` is the faster one for octets that are no secret. The caller bounds the length.
 */
export class WipedQueue {
  #octets = Buffer.alloc(FIRST_CAPACITY);
  #start = 0;
  #end = 0;
  /** Everything before this place is known to hold no LF. */
  #scanned = 0;

  /** Octets waiting. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** The octet at the front, or `undefined` where none waits. */
  get first(): number | undefined {
    return this.#start < this.#end ? this.#octets[this.#start] : undefined;
  }

  /** The first `count` octets, or those there are: a view that holds until the next call of anything else here. */
  front(count: number): Buffer {
    return this.#octets.subarray(this.#start, Math.min(this.#end, this.#start + count));
  }

  /** Copies `chunk` and overwrites it. */
  push(chunk: Buffer): void {
    if (this.#end + chunk.length > this.#octets.length) this.#makeRoom(chunk.length);
    chunk.copy(this.#octets, this.#end);
    this.#end += chunk.length;
    chunk.fill(0);
  }

  /** The next line without its line end (CRLF, or LF alone), or `undefined` while none is complete. */
  takeLine(): Buffer | undefined {
    const at = this.#octets.subarray(0, this.#end).indexOf(LF, this.#scanned);
    if (at < 0) {
      this.#scanned = this.#end;
      return undefined;
    }
    const line = this.take(at + 1 - this.#start);
    // RFC 9051 §2.2 wants CRLF; a bare LF is what people type into a socket by hand, and means nothing else.
    return line.subarray(0, line.at(-2) === CR ? -2 : -1);
  }

  /** Up to `count` octets from the front, in a buffer of their own. */
  take(count: number): Buffer {
    const until = Math.min(this.#end, this.#start + count);
    const taken = Buffer.from(this.#octets.subarray(this.#start, until));
    this.#octets.fill(0, this.#start, until);
    this.#start = until;
    this.#scanned = until;
    if (until === this.#end) this.#empty();
    return taken;
  }

  /** Begins at the front again; everything before is overwritten by now. */
  #empty(): void {
    if (this.#octets.length > KEPT_CAPACITY) this.#octets = Buffer.alloc(FIRST_CAPACITY);
    this.#start = 0;
    this.#end = 0;
    this.#scanned = 0;
  }

  #makeRoom(count: number): void {
    const waiting = this.#octets.subarray(this.#start, this.#end);
    const wanted = waiting.length + count;
    const larger = Buffer.alloc(
      Math.max(this.#octets.length, FIRST_CAPACITY * 2 ** Math.ceil(Math.log2(wanted / FIRST_CAPACITY))),
    );
    waiting.copy(larger);
    this.#octets.fill(0);
    this.#octets = larger;
    this.#scanned -= this.#start;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
