import type { Duplex } from "node:stream";
import { invariant } from "../../kit/invariant.ts";
import { LITERAL_MINUS_OCTETS } from "../limits.ts";
import { CONTINUE, type Gate, type Piece } from "./outgoing.ts";
import type { PendingCommand } from "./pending-command.ts";

const CRLF = Buffer.from("\r\n", "latin1");

/** What the writer waits for, and how it is told. */
interface Wait {
  readonly kind: "drain" | "continuation";
  readonly command: PendingCommand;
  readonly go: (goOn: boolean) => void;
  readonly fail: (error: Error) => void;
}

/** Writes commands one after the other, each whole, never faster than the socket takes them. */
export class CommandWriter {
  readonly #socket: Duplex;
  readonly #has: (capability: string) => boolean;
  #wait: Wait | null = null;
  #corked = false;
  #failure: Error | null = null;
  /** A body's producer is being waited for: silence of the server is no fault of its own then. */
  awaitsProducer = false;

  constructor(socket: Duplex, has: (capability: string) => boolean) {
    this.#socket = socket;
    this.#has = has;
  }

  /**
   * Writes one command whole. Ends early when the server answers it while it waits for a continuation.
   * @throws what a body's producer throws; the connection's failure
   */
  async write(command: PendingCommand): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    command.progress = "begun";
    const { pieces } = command.outgoing;
    const whole =
      Symbol.asyncIterator in pieces
        ? await this.#writeComing(command, pieces)
        : await this.#writeAll(command, pieces);
    if (!whole) return;
    command.progress = "written";
    await this.#drained(command);
  }

  /** The server said `+`. False when nobody waits for that. */
  onContinuation(): boolean {
    return this.#settle("continuation", true);
  }

  onDrain(): void {
    this.#settle("drain", true);
  }

  /** The server has answered `command`: if it still waits for a continuation, it will get none. */
  onAnswer(command: PendingCommand): void {
    if (this.#wait?.command === command) this.#settle("continuation", false);
  }

  /** The connection is lost. */
  abort(error: Error): void {
    this.#failure = error;
    const wait = this.#wait;
    this.#wait = null;
    wait?.fail(error);
  }

  async #writeAll(command: PendingCommand, pieces: readonly (Piece | Gate)[]): Promise<boolean> {
    // Most pieces are short text: what stands together is written as one.
    let text = `${command.tag} `;
    for (const piece of pieces) {
      if (typeof piece === "string") {
        text += piece;
        continue;
      }
      this.#putText(text);
      text = "";
      if (typeof piece === "function") {
        const wait = piece();
        if (wait) await wait;
        continue;
      }
      const goOn = await this.#writePiece(command, piece);
      if (!goOn) return false;
    }
    this.#putText(`${text}\r\n`);
    return true;
  }

  /** Pieces whose producer is being waited for. A server that has refused the command is not sent the rest of them. */
  async #writeComing(command: PendingCommand, pieces: AsyncIterable<Piece>): Promise<boolean> {
    this.#putText(`${command.tag} `);
    this.awaitsProducer = true;
    try {
      for await (const piece of pieces) {
        if (this.#failure !== null) throw this.#failure;
        this.awaitsProducer = false;
        const goOn = await this.#writePiece(command, piece);
        if (!goOn) return false;
        await this.#drained(command);
        if (command.answered) break;
        this.awaitsProducer = true;
      }
    } finally {
      this.awaitsProducer = false;
    }
    this.#put(CRLF);
    return true;
  }

  async #writePiece(command: PendingCommand, piece: Piece): Promise<boolean> {
    if (typeof piece === "string") return this.#putText(piece);
    if (Buffer.isBuffer(piece)) return this.#put(piece);
    if (piece === CONTINUE) {
      this.#put(CRLF);
      return this.#waitFor("continuation", command);
    }
    const size = "literal" in piece ? piece.literal.length : piece.size;
    const waits = !this.#literalNeedNotWait(size);
    const before = "before" in piece ? piece.before : "";
    this.#put(Buffer.from(`${before}{${size}${waits ? "" : "+"}}\r\n`, "latin1"));
    if (waits && !(await this.#waitFor("continuation", command))) return false;
    if ("literal" in piece) return this.#put(piece.literal);
    if (!Buffer.isBuffer(piece.body)) await this.#writeBody(command, piece.size, piece.body);
    else {
      invariant(piece.body.length === size, "a message's size is that of its octets");
      this.#put(piece.body);
    }
    return true;
  }

  async #writeBody(command: PendingCommand, size: number, body: AsyncIterable<Buffer>): Promise<void> {
    let written = 0;
    this.awaitsProducer = true;
    try {
      for await (const chunk of body) {
        if (this.#failure !== null) throw this.#failure;
        this.awaitsProducer = false;
        written += chunk.length;
        invariant(written <= size, `a message gave more than the ${size} octets announced`);
        this.#put(chunk);
        await this.#drained(command);
        this.awaitsProducer = true;
      }
    } finally {
      this.awaitsProducer = false;
    }
    invariant(written === size, `a message gave ${written} octets instead of the ${size} announced`);
  }

  /** RFC 7888: LITERAL+ never waits, LITERAL- only for large ones. */
  #literalNeedNotWait(size: number): boolean {
    return this.#has("LITERAL+") || (this.#has("LITERAL-") && size <= LITERAL_MINUS_OCTETS);
  }

  #putText(text: string): true {
    return text === "" || this.#put(Buffer.from(text, "latin1"));
  }

  /** Small pieces of one turn go out together. */
  #put(octets: Buffer): true {
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(octets);
    return true;
  }

  async #drained(command: PendingCommand): Promise<void> {
    if (this.#socket.writableNeedDrain) await this.#waitFor("drain", command);
  }

  /** False when the command was answered instead. */
  #waitFor(kind: Wait["kind"], command: PendingCommand): Promise<boolean> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (kind === "continuation" && command.answered) return Promise.resolve(false);
    return new Promise((go, fail) => {
      this.#wait = { kind, command, go, fail };
    });
  }

  #settle(kind: Wait["kind"], goOn: boolean): boolean {
    const wait = this.#wait;
    if (wait?.kind !== kind) return false;
    this.#wait = null;
    wait.go(goOn);
    return true;
  }
}
