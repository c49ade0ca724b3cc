/** The blob is cut short or holds what no writer wrote: the database file is damaged. */
export class LedgerFormatError extends Error {
  override readonly name = "LedgerFormatError";
}

/** Writes numbers as varints (seven bits an octet, lowest first) and texts with their length, into a growing buffer. */
export class ColumnWriter {
  #octets = Buffer.allocUnsafe(1024);
  #length = 0;

  /** A whole number from 0 to 2^53 - 1. */
  uint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a count`);
    this.#reserve(8);
    let rest = value;
    // No shifts: they would cut the number to 32 bits.
    while (rest >= 128) {
      this.#octets[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#octets[this.#length++] = rest;
  }

  /** A whole number of either sign, small where it is near zero (zigzag): up to 2^52 either way. */
  int(value: number): void {
    this.uint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  text(value: string): void {
    const octets = Buffer.from(value, "utf8");
    this.uint(octets.length);
    this.#reserve(octets.length);
    octets.copy(this.#octets, this.#length);
    this.#length += octets.length;
  }

  finish(): Buffer {
    return this.#octets.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#octets.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#octets.length * 2, this.#length + count));
    this.#octets.copy(larger, 0, 0, this.#length);
    this.#octets = larger;
  }
}

/** Reads what `ColumnWriter` wrote. Every method throws `LedgerFormatError` at the end of the octets. */
export class ColumnReader {
  readonly #octets: Buffer;
  #at = 0;

  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  get atEnd(): boolean {
    return this.#at === this.#octets.length;
  }

  uint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const octet = this.#octets[this.#at++];
      if (octet === undefined || scale > Number.MAX_SAFE_INTEGER) throw damaged();
      value += (octet & 127) * scale;
      if (octet < 128) break;
    }
    if (value > Number.MAX_SAFE_INTEGER) throw damaged();
    return value;
  }

  int(): number {
    const value = this.uint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  text(): string {
    const length = this.uint();
    if (this.#at + length > this.#octets.length) throw damaged();
    this.#at += length;
    return this.#octets.toString("utf8", this.#at - length, this.#at);
  }
}

function damaged(): LedgerFormatError {
  return new LedgerFormatError("a record of the ledger is damaged; restore the database from a backup");
}
