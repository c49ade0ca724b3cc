import type { ForeignProtocol } from "./foreign.ts";
import { LineReader } from "./line-reader.ts";

/** What a client said in a protocol whose commands are lines. */
export type LineCommandEvent<Parsed> =
  | Parsed
  /** The line after `expectResponse()`, without its line end. */
  | { readonly kind: "response"; readonly line: Buffer }
  /** A line was longer than allowed. What follows has no beginning, so the connection must be closed. */
  | { readonly kind: "oversize" }
  /** Another protocol on this port; nothing that follows may be read as a command. */
  | { readonly kind: "foreign"; readonly protocol: ForeignProtocol };

/** Octets of a client → its commands, as a push-parser: `push` what came, then `next` until it returns `undefined`. What was read is overwritten. */
export class LineCommandReader<Parsed> {
  readonly #lines: LineReader;
  readonly #parse: (line: Buffer) => Parsed;

  /**
   * @param lineOctets the longest line, its line end not counted
   * @param parse makes a command of a line, which it wipes where it held a password; never throws
   */
  constructor(lineOctets: number, parse: (line: Buffer) => Parsed) {
    this.#lines = new LineReader(lineOctets);
    this.#parse = parse;
  }

  /** Octets that came and belong to nothing that `next` returned. */
  get unread(): number {
    return this.#lines.unread;
  }

  /** Takes the next octets from the network; `chunk` is overwritten. */
  push(chunk: Buffer): void {
    this.#lines.push(chunk);
  }

  /** What the client said next, or `undefined` while it is not complete. */
  next(): LineCommandEvent<Parsed> | undefined {
    const event = this.#lines.next();
    return event?.kind === "line" ? this.#parse(event.line) : event;
  }

  /** The next line is the answer to a challenge, not a command. */
  expectResponse(): void {
    this.#lines.expectResponse();
  }

  /** Everything that came behind the last event, for whoever reads on. The reader is of no use afterwards. */
  takeRest(): Buffer {
    return this.#lines.takeRest();
  }
}
