const LF = 0x0a;

/**
 * Bytes that came from a socket and wait to be read as lines or counted runs. Chunks are kept as they came and joined
 * only where a line or run spans several.
 */
export class ByteQueue {
  #chunks: Buffer[] = [];
  /** Octets of the first chunk that have been taken. */
  #offset = 0;
  #length = 0;
  /** Octets at the front that are known to hold no LF, so that a byte-by-byte sender does not cost quadratic time. */
  #scanned = 0;

  /** Octets waiting. */
  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The next line with its LF, or `undefined` while none is complete. */
  takeLine(): Buffer | undefined {
    // Where the chunk begins, counted from the front of what waits.
    let begin = -this.#offset;
    for (const chunk of this.#chunks) {
      if (begin + chunk.length > this.#scanned) {
        const at = chunk.indexOf(LF, Math.max(0, this.#scanned - begin));
        if (at >= 0) return this.take(begin + at + 1);
      }
      begin += chunk.length;
    }
    this.#scanned = this.#length;
    return undefined;
  }

  /** Up to `count` octets from the front (fewer where fewer wait), as one Buffer. */
  take(count: number): Buffer {
    const wanted = Math.min(count, this.#length);
    const first = this.#chunks[0];
    this.#scanned = 0;
    this.#length -= wanted;
    if (first === undefined || wanted === 0) return Buffer.alloc(0);
    const end = this.#offset + wanted;
    if (end > first.length) return this.#joinFront(wanted);
    const taken = wanted === first.length ? first : first.subarray(this.#offset, end);
    this.#advance(end);
    return taken;
  }

  /** As `take`, but never joins: the first chunk or its beginning. For literals that are passed on piece by piece. */
  takeSome(limit: number): Buffer {
    return this.take(Math.min(limit, (this.#chunks[0]?.length ?? 0) - this.#offset));
  }

  /** Everything that waits. */
  takeAll(): Buffer {
    return this.take(this.#length);
  }

  /** The first chunk has been taken up to `end`. */
  #advance(end: number): void {
    const isUsedUp = end === this.#chunks[0]?.length;
    if (isUsedUp) this.#chunks.shift();
    this.#offset = isUsedUp ? 0 : end;
  }

  #joinFront(wanted: number): Buffer {
    const joined = Buffer.allocUnsafe(wanted);
    for (let filled = 0; filled < wanted; ) {
      const chunk = this.#chunks[0] as Buffer;
      const end = Math.min(chunk.length, this.#offset + wanted - filled);
      filled += chunk.copy(joined, filled, this.#offset, end);
      this.#advance(end);
    }
    return joined;
  }
}
