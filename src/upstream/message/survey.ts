import { createHash } from "node:crypto";
import { headerFields } from "./header.ts";
import { Mender } from "./mender.ts";

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;

/** Octets of the beginning in which the header is looked for. */
const HEADER_OCTETS = 64 * 1024;
/** RFC 5322 §2.1.1: the longest line without its end. */
const LINE_OCTETS = 998;

/** What has been found in one message. */
export interface MessageSurvey {
  readonly size: number;
  /** Octets that `Mender` makes of it. */
  readonly mendedSize: number;
  /** Whether `Mender` changes anything. */
  readonly isMendable: boolean;
  /** Whether a server that obeys RFC 5322 §2.1 and RFC 2045 §2.8 may refuse it as the content of another message: NULs, bare CRs or LFs, too long lines. */
  readonly isUnsound: boolean;
  readonly hasHighOctets: boolean;
  /** SHA-256 of the octets, hexadecimal. */
  readonly hash: string;
  /** See `headerFields`. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Looks at a message as it streams past, in constant memory. */
export class Surveyor {
  readonly #hash = createHash("sha256");
  readonly #mender = new Mender();
  readonly #beginning: Buffer[] = [];
  #beginningOctets = 0;
  #size = 0;
  #mendedSize = 0;
  #line = 0;
  #previous = LF;
  #hasNul = false;
  #hasBareEnd = false;
  #hasLongLine = false;
  #hasHighOctets = false;

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#hash.update(chunk);
    this.#size += chunk.length;
    this.#mendedSize += this.#mender.push(chunk).length;
    if (this.#beginningOctets < HEADER_OCTETS) {
      // A copy: the chunk's memory may be used again.
      const piece = Buffer.from(chunk.subarray(0, HEADER_OCTETS - this.#beginningOctets));
      this.#beginning.push(piece);
      this.#beginningOctets += piece.length;
    }
    this.#look(chunk);
  }

  finish(): MessageSurvey {
    this.#mendedSize += this.#mender.finish().length;
    const endsWithin = this.#size > 0 && this.#previous !== LF;
    const hasBareEnd = this.#hasBareEnd || this.#previous === CR;
    return {
      size: this.#size,
      mendedSize: this.#mendedSize,
      isMendable: this.#hasNul || hasBareEnd || endsWithin || this.#mender.hasDropped,
      isUnsound: this.#hasNul || hasBareEnd || this.#hasLongLine,
      hasHighOctets: this.#hasHighOctets,
      hash: this.#hash.digest("hex"),
      fields: headerFields(Buffer.concat(this.#beginning)),
    };
  }

  #look(chunk: Buffer): void {
    // At the very beginning an LF has no CR before it: `previous` is an LF there, which is none either.
    let previous = this.#previous;
    let line = this.#line;
    for (const octet of chunk) {
      if ((octet === LF) !== (previous === CR)) this.#hasBareEnd = true;
      if (octet === NUL) this.#hasNul = true;
      if (octet >= 0x80) this.#hasHighOctets = true;
      if (octet === LF || octet === CR) line = 0;
      else line += 1;
      if (line > LINE_OCTETS) this.#hasLongLine = true;
      previous = octet;
    }
    this.#previous = previous;
    this.#line = line;
  }
}
