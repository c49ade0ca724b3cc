import { ByteQueue } from "../../kit/byte-queue.ts";

/** A piece of a response: text without its line end, a literal that was kept, or one that has been passed on piece by piece. */
export type Part =
  | { readonly kind: "text"; readonly octets: Buffer }
  | { readonly kind: "literal"; readonly octets: Buffer }
  | { readonly kind: "streamed"; readonly size: number };

/** How much of a server's response is kept in memory. Octets. */
export interface ReaderLimits {
  /** One line, CRLF included. */
  readonly lineOctets: number;
  /** All of one response that is kept: its lines and its small literals. */
  readonly responseOctets: number;
  /** Larger literals are not kept but passed on piece by piece. */
  readonly keptLiteralOctets: number;
  /** Larger literals are refused. */
  readonly literalOctets: number;
}

/** What the reader has found. A response with a large literal comes as start, pieces and end of the literal, and at last the response. */
export type ReaderEvent =
  | { readonly kind: "response"; readonly parts: readonly Part[] }
  /** `parts`: the response as far as it has come, without this literal. */
  | { readonly kind: "literal-start"; readonly parts: readonly Part[]; readonly size: number }
  | { readonly kind: "literal-piece"; readonly piece: Buffer }
  | { readonly kind: "literal-end" };

/** A server that breaks the rules of the protocol or a bound. */
export class ResponseError extends Error {
  override readonly name = "ResponseError";
}

const CR = 0x0d;
const PLUS = 0x2b;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const TILDE = 0x7e;
const ZERO = 0x30;

/** Longest text of a literal's size: 2^53 has 16 digits. */
const SIZE_DIGITS = 15;

/**
 * Cuts the octets that a server sends into responses (RFC 9051 §2.2.2). Octets go in by `push`, events come out by `next`; nothing is looked at
 * before it is asked for, so `takeRest` can give everything behind the last response to somebody else, unchanged.
 */
export class ResponseReader {
  #limits: ReaderLimits;
  readonly #queue = new ByteQueue();
  #parts: Part[] = [];
  /** The present response exactly as it came, as long as nothing of it has been passed on. */
  #raw: Buffer[] = [];
  #kept = 0;
  #literal: { left: number; readonly size: number; readonly streamed: boolean } | null = null;

  constructor(limits: ReaderLimits) {
    this.#limits = limits;
  }

  /** From now on other bounds hold. */
  useLimits(limits: ReaderLimits): void {
    this.#limits = limits;
  }

  push(chunk: Buffer): void {
    this.#queue.push(chunk);
  }

  /** Octets that wait to be looked at. */
  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * The next event, or `undefined` until more octets have come.
   * @throws {ResponseError} when a bound is exceeded; the reader is of no use afterwards
   */
  next(): ReaderEvent | undefined {
    for (;;) {
      if (this.#literal !== null) {
        const event = this.#readLiteral(this.#literal);
        if (event !== "kept") return event;
        continue;
      }
      const line = this.#queue.takeLine();
      if (line === undefined) {
        if (this.#queue.length >= this.#limits.lineOctets) throw tooLong("line", this.#limits.lineOctets);
        return undefined;
      }
      const event = this.#readLine(line);
      if (event !== undefined) return event;
    }
  }

  /** Everything that has come and was not given out by `next`, exactly as it came. The reader is empty afterwards. */
  takeRest(): Buffer {
    const rest = Buffer.concat([...this.#raw, this.#queue.takeAll()]);
    this.#startResponse();
    return rest;
  }

  #readLine(line: Buffer): ReaderEvent | undefined {
    if (line.length > this.#limits.lineOctets) throw tooLong("line", this.#limits.lineOctets);
    this.#keep(line);
    const end = line.length - (line[line.length - 2] === CR ? 2 : 1);
    const isOpen = line[end - 1] === CLOSING_BRACE && (this.#parts.length > 0 || !isStatusLine(line));
    const marker = isOpen ? literalAtEnd(line, end) : null;
    if (marker === null) {
      this.#parts.push({ kind: "text", octets: line.subarray(0, end) });
      const parts = this.#parts;
      this.#startResponse();
      return { kind: "response", parts };
    }
    this.#parts.push({ kind: "text", octets: line.subarray(0, marker.at) });
    if (marker.size > this.#limits.literalOctets) throw tooLong("literal", this.#limits.literalOctets);
    const streamed = marker.size > this.#limits.keptLiteralOctets;
    this.#literal = { left: marker.size, size: marker.size, streamed };
    return streamed ? { kind: "literal-start", parts: this.#parts, size: marker.size } : undefined;
  }

  #readLiteral(literal: {
    left: number;
    readonly size: number;
    readonly streamed: boolean;
  }): ReaderEvent | undefined | "kept" {
    if (literal.streamed) {
      if (literal.left === 0) {
        this.#literal = null;
        this.#parts.push({ kind: "streamed", size: literal.size });
        return { kind: "literal-end" };
      }
      if (this.#queue.length === 0) return undefined;
      const piece = this.#queue.takeSome(literal.left);
      literal.left -= piece.length;
      return { kind: "literal-piece", piece };
    }
    if (this.#queue.length < literal.size) return undefined;
    const octets = this.#queue.take(literal.size);
    this.#keep(octets);
    this.#parts.push({ kind: "literal", octets });
    this.#literal = null;
    return "kept";
  }

  #keep(octets: Buffer): void {
    this.#kept += octets.length;
    if (this.#kept > this.#limits.responseOctets) throw tooLong("response", this.#limits.responseOctets);
    this.#raw.push(octets);
  }

  #startResponse(): void {
    this.#parts = [];
    this.#raw = [];
    this.#kept = 0;
    this.#literal = null;
  }
}

/** `* 12 …`: data of a message, the commonest line of all and never a status (RFC 9051 §7.5). */
export function isNumbered(line: Buffer): boolean {
  return line[0] === 0x2a && line[1] === 0x20 && isDigit(line[2]);
}

/** Whether these octets stand there. By hand: a call of Buffer's own costs more than a word is long. */
export function standsAt(octets: Buffer, at: number, word: Buffer): boolean {
  for (let i = 0; i < word.length; i += 1) if (octets[at + i] !== word[i]) return false;
  return true;
}

/** Whether a response that begins with this line is one line long: a status ends in free text, which may look like a literal (RFC 9051 §7.1). */
export function isStatusLine(text: Buffer): boolean {
  if (isNumbered(text)) return false;
  return /^(?:\+|\S+ (?:OK|NO|BAD|BYE|PREAUTH)(?: |$))/i.test(text.toString("latin1", 0, 80));
}

/**
 * `{12}`, `{12+}` or `~{12}` at the end of a line: where it begins, and its size.
 * @param end of the line, without its line end
 * @throws {ResponseError} for a size that no literal has
 */
export function literalAtEnd(text: Buffer, end = text.length): { at: number; size: number } | null {
  const close = end - 1;
  if (text[close] !== CLOSING_BRACE) return null;
  const last = text[close - 1] === PLUS ? close - 2 : close - 1;
  let open = last;
  while (isDigit(text[open])) open -= 1;
  if (open === last || text[open] !== OPENING_BRACE) return null;
  let size = 0;
  let digits = 0;
  for (let at = open + 1; at <= last; at += 1) {
    const digit = (text[at] as number) - ZERO;
    if (digit > 0 || digits > 0) digits += 1;
    size = size * 10 + digit;
  }
  if (digits > SIZE_DIGITS) throw new ResponseError(`a literal of ${digits} digits`);
  return { at: text[open - 1] === TILDE ? open - 1 : open, size };
}

function isDigit(octet: number | undefined): boolean {
  return octet !== undefined && octet >= 0x30 && octet <= 0x39;
}

function tooLong(what: string, limit: number): ResponseError {
  return new ResponseError(`a ${what} of more than ${limit} octets`);
}
