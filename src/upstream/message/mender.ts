const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;

/** CRs before an LF that are one damaged line end; more of them are lines. Bounds what has to be remembered. */
const DAMAGED_CRS = 8;
/** Octets of a line that may still turn out to be a mailbox file's separator (RFC 5322 §2.1.1 has 998 without its end). */
const SEPARATOR_OCTETS = 1_000;
/** The line that begins a message in a mailbox file (RFC 4155 appendix A): a sender, and a date with a time of day. */
const SEPARATOR = /^From \S.*\b\d{1,2}:\d{2}\b/;

/**
 * Takes out of a message what servers refuse and RFC 9051 §4.3.1 and RFC 5322 §2.3 forbid: NULs go, every line ends with CRLF, the last one too, and a
 * mailbox file's separator before the header goes. Push-fed: how a message is cut into chunks makes no difference, little is held back, and what has been
 * mended once is not changed by mending it again.
 */
export class Mender {
  readonly #lines = new LineEnds();
  /** The beginning, while it may be a separator; `null` once the message proper has begun. */
  #beginning: Buffer | null = Buffer.alloc(0);
  #hasDropped = false;

  /** Whether a separator has been dropped so far. */
  get hasDropped(): boolean {
    return this.#hasDropped;
  }

  /** What can be said of the mended message after this chunk. It may share memory with the chunk. */
  push(chunk: Buffer): Buffer {
    return this.#withoutSeparator(this.#lines.push(chunk));
  }

  /** The rest. */
  finish(): Buffer {
    const last = this.#withoutSeparator(this.#lines.finish());
    const held = this.#beginning ?? Buffer.alloc(0);
    this.#beginning = null;
    return held.length === 0 ? last : Buffer.concat([held, last]);
  }

  #withoutSeparator(mended: Buffer): Buffer {
    if (this.#beginning === null || mended.length === 0) return mended;
    let held = this.#beginning.length === 0 ? mended : Buffer.concat([this.#beginning, mended]);
    for (;;) {
      const end = held.subarray(0, SEPARATOR_OCTETS).indexOf("\r\n");
      const mayBecomeOne = held.length < SEPARATOR_OCTETS && startsLikeSeparator(held);
      if (end < 0 && mayBecomeOne) {
        // A copy: the chunk's memory may be used again.
        this.#beginning = Buffer.from(held);
        return Buffer.alloc(0);
      }
      if (end < 0 || !SEPARATOR.test(held.toString("latin1", 0, end))) {
        this.#beginning = null;
        return held;
      }
      this.#hasDropped = true;
      held = held.subarray(end + 2);
    }
  }
}

/** NULs go, and every line ends with CRLF. */
class LineEnds {
  /** CRs at the end of what was pushed, of which nobody knows yet what follows. */
  #heldCrs = 0;
  /** Whether the last octet given out was that of a line end, or there was none yet. */
  #atLineStart = true;

  push(chunk: Buffer): Buffer {
    if (this.#heldCrs === 0 && isSound(chunk)) {
      if (chunk.length > 0) this.#atLineStart = chunk.at(-1) === LF;
      return chunk;
    }
    const out = Buffer.allocUnsafe((chunk.length + DAMAGED_CRS) * 2);
    let length = 0;
    const lineEnds = (count: number) => {
      for (let left = count; left > 0; left -= 1) {
        out[length++] = CR;
        out[length++] = LF;
      }
      if (count > 0) this.#atLineStart = true;
    };
    for (const octet of chunk) {
      if (octet === NUL) continue;
      if (octet === CR) {
        if (this.#heldCrs === DAMAGED_CRS) lineEnds(1);
        else this.#heldCrs += 1;
        continue;
      }
      if (octet === LF) {
        this.#heldCrs = 0;
        lineEnds(1);
        continue;
      }
      lineEnds(this.#heldCrs);
      this.#heldCrs = 0;
      out[length++] = octet;
      this.#atLineStart = false;
    }
    return out.subarray(0, length);
  }

  finish(): Buffer {
    // A message that ends with bare CRs ends with that many lines; any other, with one.
    const missing = this.#heldCrs > 0 ? this.#heldCrs : this.#atLineStart ? 0 : 1;
    this.#heldCrs = 0;
    this.#atLineStart = true;
    return Buffer.from("\r\n".repeat(missing));
  }
}

/** Whether nothing in it is to be mended and it does not end within a line end. */
function isSound(chunk: Buffer): boolean {
  let previous = 0x20;
  for (const octet of chunk) {
    if (octet === NUL || (octet === LF) !== (previous === CR)) return false;
    previous = octet;
  }
  return previous !== CR;
}

function startsLikeSeparator(beginning: Buffer): boolean {
  const head = beginning.toString("latin1", 0, 5);
  return "From ".startsWith(head);
}
