import { type ForeignProtocol, foreignLine, TLS_HANDSHAKE } from "../foreign.ts";
import type { CommandPart } from "../imap/command-lexer.ts";
import { LIMITS } from "../limits.ts";
import { literalMark } from "../literal-mark.ts";
import { WipedQueue } from "../wiped-queue.ts";
import { type ParsedSieveCommand, parseSieveCommand, parseSieveResponse } from "./command.ts";

/** What a ManageSieve client said, as far as it is complete. */
export type SieveEvent =
  | ParsedSieveCommand
  /** The answer to a challenge, without its quotes; `null` where it was no string. */
  | { readonly kind: "response"; readonly response: Buffer | null }
  /** Something was longer than `LIMITS` allow. What follows has no beginning, so the connection must be closed. */
  | { readonly kind: "oversize" }
  /** Another protocol on this port; nothing that follows may be read as a command. */
  | { readonly kind: "foreign"; readonly protocol: ForeignProtocol };

/** A line that is as long as it may be can wait for its LF with the CR read already. */
const CR_OCTETS = 1;

/**
 * Octets of a ManageSieve client → its commands, as a push-parser: `push` what came, then `next` until it returns `undefined`. Lines end in CRLF, or in LF
 * alone. Literals (RFC 5804 §4: `{n+}`, nobody waits to be asked) are found by the end of the line alone, also in commands that are wrong otherwise, since
 * whoever sent the mark will send the octets. After `oversize` or `foreign` nothing more is read. What was read is overwritten.
 */
export class SieveReader {
  readonly #queue = new WipedQueue();
  #awaited: "command" | "response" | "nothing" = "command";
  #parts: CommandPart[] = [];
  /** Octets of the literal under way; `null` where a line is. */
  #literal: number | null = null;
  #octets = 0;

  /** Octets that came and belong to nothing that `next` returned. */
  get unread(): number {
    return this.#queue.length;
  }

  /** Takes the next octets from the network; `chunk` is overwritten. */
  push(chunk: Buffer): void {
    this.#queue.push(chunk);
  }

  /** What the client said next, or `undefined` while it is not complete. */
  next(): SieveEvent | undefined {
    for (;;) {
      if (this.#awaited === "nothing") return undefined;
      if (this.#literal !== null) {
        if (this.#queue.length < this.#literal) return undefined;
        this.#parts.push({ kind: "literal", octets: this.#queue.take(this.#literal) });
        this.#literal = null;
      }
      const event = this.#takeLine();
      if (event !== "go on") return event;
    }
  }

  /** The next string is the answer to a challenge, not a command. */
  expectResponse(): void {
    this.#awaited = "response";
  }

  /** Everything that came behind the last event, for whoever reads on. The reader is of no use afterwards. */
  takeRest(): Buffer {
    this.#reset();
    this.#awaited = "nothing";
    return this.#queue.take(this.#queue.length);
  }

  #takeLine(): SieveEvent | "go on" | undefined {
    const isFirst = this.#parts.length === 0 && this.#awaited === "command";
    if (isFirst && this.#queue.first === TLS_HANDSHAKE)
      return this.#end({ kind: "foreign", protocol: "tls" });
    const line = this.#queue.takeLine();
    if (line === undefined && this.#queue.length <= LIMITS.lineOctets + CR_OCTETS) return undefined;
    if (line === undefined || line.length > LIMITS.lineOctets) {
      line?.fill(0);
      return this.#end({ kind: "oversize" });
    }
    const foreign = isFirst ? foreignLine(line) : null;
    if (foreign !== null) return this.#end({ kind: "foreign", protocol: foreign });
    const mark = literalMark(line);
    const announced = mark?.comesUnasked ? mark : null;
    this.#octets += line.length + (announced?.octets ?? 0);
    this.#parts.push({ kind: "text", octets: announced ? line.subarray(0, announced.at) : line });
    if (this.#octets > LIMITS.sieveCommandOctets) return this.#end({ kind: "oversize" });
    if (announced === null) return this.#finish();
    this.#literal = announced.octets;
    return "go on";
  }

  #finish(): SieveEvent {
    const event: SieveEvent =
      this.#awaited === "response"
        ? { kind: "response", response: parseSieveResponse(this.#parts) }
        : parseSieveCommand(this.#parts);
    this.#reset();
    this.#awaited = "command";
    return event;
  }

  #end(event: SieveEvent): SieveEvent {
    this.#reset();
    this.#awaited = "nothing";
    this.#queue.take(this.#queue.length).fill(0);
    return event;
  }

  #reset(): void {
    for (const part of this.#parts) if (part.kind !== "awaited") part.octets.fill(0);
    this.#parts = [];
    this.#literal = null;
    this.#octets = 0;
  }
}
