import type { ForeignProtocol } from "../foreign.ts";
import { LIMITS } from "../limits.ts";
import { LineReader } from "../line-reader.ts";
import { type ParsedCommand, parseCommand } from "./command.ts";

/** What a client said. */
export type ReaderEvent =
  | ParsedCommand
  /** The line after `expectResponse()`, without its line end. */
  | { readonly kind: "response"; readonly line: Buffer }
  /** A line was longer than `LIMITS` allow. What follows has no beginning, so the connection must be closed. */
  | { readonly kind: "oversize" }
  /** Another protocol on this port; nothing that follows may be read as a command. */
  | { readonly kind: "foreign"; readonly protocol: ForeignProtocol };

/** Octets of a client → its commands, as a push-parser: `push` what came, then `next` until it returns `undefined`. What was read is overwritten. */
export class CommandReader {
  // RFC 2449 §4 ends a command at 255 octets, RFC 5034 §4 lets the answers of AUTH be longer: one bound for both.
  readonly #lines = new LineReader(LIMITS.lineOctets);

  /** Octets that came and belong to nothing that `next` returned. */
  get unread(): number {
    return this.#lines.unread;
  }

  /** Takes the next octets from the network; `chunk` is overwritten. */
  push(chunk: Buffer): void {
    this.#lines.push(chunk);
  }

  /** What the client said next, or `undefined` while it is not complete. */
  next(): ReaderEvent | undefined {
    const event = this.#lines.next();
    return event?.kind === "line" ? parseCommand(event.line) : event;
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
