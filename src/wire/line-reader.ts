import { type ForeignProtocol, foreignLine, TLS_HANDSHAKE } from "./foreign.ts";
import { WipedQueue } from "./wiped-queue.ts";

/** What a client said in a protocol of lines. */
export type LineEvent =
  /** A command, without its line end. */
  | { readonly kind: "line"; readonly line: Buffer }
  /** The line after `expectResponse()`, without its line end. */
  | { readonly kind: "response"; readonly line: Buffer }
  /** A line was longer than allowed. What follows has no beginning, so the connection must be closed. */
  | { readonly kind: "oversize" }
  /** Another protocol on this port; nothing that follows may be read as a command. */
  | { readonly kind: "foreign"; readonly protocol: ForeignProtocol };

/** A line that is as long as it may be can wait for its LF with the CR read already. */
const CR_OCTETS = 1;

/**
 * Octets of a client → its lines, as a push-parser: `push` what came, then `next` until it returns `undefined`. Lines end in CRLF, or in LF alone. After
 * `oversize` or `foreign` nothing more is read. What was read is overwritten; a line belongs to the caller, who wipes it where it held a password.
 */
export class LineReader {
  readonly #queue = new WipedQueue();
  readonly #lineOctets: number;
  #awaited: "line" | "response" | "nothing" = "line";

  /** @param lineOctets the longest line, its line end not counted */
  constructor(lineOctets: number) {
    this.#lineOctets = lineOctets;
  }

  /** Octets that came and belong to nothing that `next` returned. */
  get unread(): number {
    return this.#queue.length;
  }

  /** Takes the next octets from the network; `chunk` is overwritten. */
  push(chunk: Buffer): void {
    this.#queue.push(chunk);
  }

  /** What the client said next, or `undefined` while it is not complete. */
  next(): LineEvent | undefined {
    const awaited = this.#awaited;
    if (awaited === "nothing") return undefined;
    if (awaited === "line" && this.#queue.first === TLS_HANDSHAKE)
      return this.#end({ kind: "foreign", protocol: "tls" });
    const line = this.#queue.takeLine();
    if (line === undefined && this.#queue.length <= this.#lineOctets + CR_OCTETS) return undefined;
    if (line === undefined || line.length > this.#lineOctets) {
      line?.fill(0);
      return this.#end({ kind: "oversize" });
    }
    const foreign = awaited === "line" ? foreignLine(line) : null;
    if (foreign !== null) return this.#end({ kind: "foreign", protocol: foreign });
    this.#awaited = "line";
    return { kind: awaited, line };
  }

  /** The next line is the answer to a challenge, not a command. */
  expectResponse(): void {
    this.#awaited = "response";
  }

  /** Everything that came behind the last event, for whoever reads on. The reader is of no use afterwards. */
  takeRest(): Buffer {
    this.#awaited = "nothing";
    return this.#queue.take(this.#queue.length);
  }

  #end(event: LineEvent): LineEvent {
    this.#awaited = "nothing";
    this.#queue.take(this.#queue.length).fill(0);
    return event;
  }
}
