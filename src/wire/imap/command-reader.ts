import { type ForeignProtocol, foreignLine, TLS_HANDSHAKE } from "../foreign.ts";
import { LIMITS } from "../limits.ts";
import { type LiteralMark, literalMark } from "../literal-mark.ts";
import { WipedQueue } from "../wiped-queue.ts";
import { type BadCommand, type Command, type ParsedCommand, parseCommand, tagOf } from "./command.ts";
import type { CommandPart } from "./command-lexer.ts";

/** What a client said, as far as it is complete. */
export type ReaderEvent =
  | { readonly kind: "command"; readonly command: Command }
  | { readonly kind: "bad"; readonly tag: string | null; readonly why: BadCommand }
  /** The client waits before a literal: ask for it and read on, or `refuseLiteral()`. */
  | { readonly kind: "awaiting"; readonly tag: string; readonly command: "login" | "id" }
  /** A line that is no command, after `expectResponse()`; without its line end. */
  | { readonly kind: "response"; readonly line: Buffer }
  /** Something was longer than `LIMITS` allow. What follows has no beginning, so the connection must be closed. */
  | { readonly kind: "oversize"; readonly tag: string | null; readonly what: "line" | "literal" | "command" }
  /** Another protocol on this port; nothing that follows may be read as a command. */
  | { readonly kind: "foreign"; readonly protocol: ForeignProtocol };

type Awaited =
  | { readonly kind: "line" }
  | { readonly kind: "response" }
  | { readonly kind: "literal"; readonly octets: number };

/** A line that is as long as it may be can wait for its LF with the CR read already. */
const CR_OCTETS = 1;

const ID_BEGINNING = /^[^ ()]+ ID \(/i;
/** So many octets of a line show whether it is an ID, with any tag that programs use. */
const BEGINNING_OCTETS = 128;

/**
 * Octets of a client → its commands, as a push-parser: `push` what came, then `next` until it returns `undefined`.
 * Literals are found by the end of the line alone, also in commands that are wrong otherwise, since whoever sent the
 * mark will send the octets (RFC 9051 §4.3). What was read is overwritten.
 */
export class CommandReader {
  readonly #queue = new WipedQueue();
  #awaited: Awaited = { kind: "line" };
  #parts: CommandPart[] = [];
  #commandOctets = 0;

  /** Octets that came and belong to nothing that `next` returned. */
  get unread(): number {
    return this.#queue.length;
  }

  /** Takes the next octets from the network; `chunk` is overwritten. */
  push(chunk: Buffer): void {
    this.#queue.push(chunk);
  }

  /** What the client said next, or `undefined` while it is not complete. */
  next(): ReaderEvent | undefined {
    for (;;) {
      const awaited = this.#awaited;
      switch (awaited.kind) {
        case "response":
          return this.#takeResponse();
        case "literal": {
          if (this.#queue.length < awaited.octets) return undefined;
          this.#parts.push({ kind: "literal", octets: this.#queue.take(awaited.octets) });
          this.#awaited = { kind: "line" };
          break;
        }
        case "line": {
          const event = this.#takeLine();
          if (event !== "go on") return event;
        }
      }
    }
  }

  /** The next line is the answer to a challenge, not a command. */
  expectResponse(): void {
    this.#awaited = { kind: "response" };
  }

  /** After `awaiting`: the command ends here and its octets will not come (RFC 9051 §4.3). */
  refuseLiteral(): void {
    this.#reset();
  }

  /** Everything that came behind the last event, for whoever reads on. The reader is of no use afterwards. */
  takeRest(): Buffer {
    this.#reset();
    return this.#queue.take(this.#queue.length);
  }

  #takeResponse(): ReaderEvent | undefined {
    const line = this.#nextLine();
    if (!Buffer.isBuffer(line)) return line;
    this.#awaited = { kind: "line" };
    return { kind: "response", line };
  }

  #takeLine(): ReaderEvent | "go on" | undefined {
    if (this.#parts.length === 0 && this.#queue.first === TLS_HANDSHAKE)
      return { kind: "foreign", protocol: "tls" };
    const line = this.#nextLine();
    if (!Buffer.isBuffer(line)) return line;
    const foreign = this.#parts.length === 0 ? foreignLine(line) : null;
    if (foreign !== null) return { kind: "foreign", protocol: foreign };
    this.#commandOctets += line.length;
    if (this.#commandOctets > LIMITS.commandOctets) return this.#oversize("command");
    const mark = literalMark(line);
    if (mark === null) {
      this.#parts.push({ kind: "text", octets: line });
      return this.#finish(parseCommand(this.#parts));
    }
    this.#parts.push({ kind: "text", octets: line.subarray(0, mark.at) });
    return this.#startLiteral(mark);
  }

  #startLiteral(mark: LiteralMark): ReaderEvent | "go on" {
    // A command that is wrong already is answered before its octets come.
    const parsed = mark.comesUnasked ? null : parseCommand([...this.#parts, { kind: "awaited" }]);
    if (parsed !== null && parsed.kind !== "awaiting") return this.#finish(parsed);
    if (mark.octets > LIMITS.literalOctets) return this.#oversize("literal");
    this.#commandOctets += mark.octets;
    this.#awaited = { kind: "literal", octets: mark.octets };
    return parsed ?? "go on";
  }

  #finish(parsed: ParsedCommand): ReaderEvent {
    this.#reset();
    return parsed;
  }

  /** The next line within the bound, or what to return instead of it. */
  #nextLine(): Buffer | ReaderEvent | undefined {
    const line = this.#queue.takeLine();
    const octets = line === undefined ? this.#queue.length - CR_OCTETS : line.length;
    const isTooLong = octets > LIMITS.lineOctets && octets > this.#longestLine(line);
    return isTooLong ? this.#oversize("line") : line;
  }

  /** Each value of an ID may have 1024 octets, all of them in quotes on one line (RFC 2971 §3.3); nothing else is so long. */
  #longestLine(line: Buffer | undefined): number {
    const first = this.#parts[0];
    const command = first?.kind === "text" ? first.octets : (line ?? this.#queue.front(BEGINNING_OCTETS));
    const isId = ID_BEGINNING.test(command.toString("latin1", 0, BEGINNING_OCTETS));
    return isId && this.#awaited.kind === "line" ? LIMITS.commandOctets : LIMITS.lineOctets;
  }

  #oversize(what: "line" | "literal" | "command"): ReaderEvent {
    const tag = tagOf(this.#parts);
    this.#reset();
    return { kind: "oversize", tag, what };
  }

  #reset(): void {
    for (const part of this.#parts) if (part.kind !== "awaited") part.octets.fill(0);
    this.#parts = [];
    this.#commandOctets = 0;
    this.#awaited = { kind: "line" };
  }
}
