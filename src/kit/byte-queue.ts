const LF = 0x0a;

/**
 * Bytes that came from a socket and wait to be read as lines or counted runs. Chunks are kept as they came and joined
 * only where a line or run spans several.
 */
export class ByteQueue {
  #chunks: Buffer[] = [];
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
    let offset = 0;
    for (const chunk of this.#chunks) {
      if (offset + chunk.length > this.#scanned) {
        const at = chunk.indexOf(LF, Math.max(0, this.#scanned - offset));
        if (at >= 0) return this.take(offset + at + 1);
      }
      offset += chunk.length;
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
    if (wanted < first.length) {
      this.#chunks[0] = first.subarray(wanted);
      return first.subarray(0, wanted);
    }
    if (wanted === first.length) {
      this.#chunks.shift();
      return first;
    }
    return this.#joinFront(wanted);
  }

  /** As `take`, but never joins: the first chunk or its beginning. For literals that are passed on piece by piece. */
  takeSome(limit: number): Buffer {
    return this.take(Math.min(limit, this.#chunks[0]?.length ?? 0));
  }

  /** Everything that waits. */
  takeAll(): Buffer {
    return this.take(this.#length);
  }

  #joinFront(wanted: number): Buffer {
    const parts: Buffer[] = [];
    let missing = wanted;
    while (missing > 0) {
      const chunk = this.#chunks[0] as Buffer;
      if (chunk.length <= missing) {
        parts.push(chunk);
        this.#chunks.shift();
        missing -= chunk.length;
      } else {
        parts.push(chunk.subarray(0, missing));
        this.#chunks[0] = chunk.subarray(missing);
        missing = 0;
      }
    }
    return Buffer.concat(parts, wanted);
  }
}
