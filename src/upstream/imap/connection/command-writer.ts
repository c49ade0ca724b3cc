import type { Duplex } from "node:stream";
import { invariant } from "../../../kit/invariant.ts";
import type { LiteralPiece } from "../../../wire/imap/encode.ts";
import { LITERAL_MINUS_OCTETS } from "../../limits.ts";
import { type BodyPiece, CONTINUE, type Outgoing, type Piece } from "./outgoing.ts";
import type { PendingCommand } from "./pending-command.ts";
import { type Supply, supplyOf } from "./supply.ts";

const CRLF = Buffer.from("\r\n", "latin1");

/** A piece that is worth a write of its own. */
const LARGE_OCTETS = 4 * 1024;

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
    if (!(await this.#writeAll(command, command.outgoing))) return;
    command.progress = "written";
    if (this.#socket.writableNeedDrain) await this.#waitFor("drain", command);
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

  async #writeAll(command: PendingCommand, { pieces, coming }: Outgoing): Promise<boolean> {
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
      const goOn = this.#writePiece(command, piece);
      if (goOn !== true && !(await goOn)) return false;
    }
    if (coming !== undefined) {
      this.#putText(text);
      text = "";
      if (!(await this.#writeComing(command, coming))) return false;
    }
    this.#putText(`${text}\r\n`);
    return true;
  }

  /** A server that has refused the command is not sent the rest of the pieces. */
  async #writeComing(command: PendingCommand, pieces: Supply<Piece>): Promise<boolean> {
    try {
      for (;;) {
        const piece = pieces.take();
        if (piece === undefined) {
          if (await this.#isMore(pieces)) continue;
          return true;
        }
        const goOn = this.#writePiece(command, piece);
        if (goOn !== true && !(await goOn)) return false;
        if (this.#socket.writableNeedDrain) await this.#waitFor("drain", command);
        if (command.answered) return true;
      }
    } finally {
      pieces.abandon();
    }
  }

  async #isMore(supply: Supply<unknown>): Promise<boolean> {
    this.awaitsProducer = true;
    try {
      const isMore = await supply.more();
      if (this.#failure !== null) throw this.#failure;
      return isMore;
    } finally {
      this.awaitsProducer = false;
    }
  }

  /** A promise only where something is to be waited for. False: the server has answered, and does not want the rest. */
  #writePiece(command: PendingCommand, piece: Piece): true | Promise<boolean> {
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
    if (!waits) return this.#writeOctets(command, piece);
    return this.#waitFor("continuation", command).then((goOn) => goOn && this.#writeOctets(command, piece));
  }

  #writeOctets(command: PendingCommand, piece: LiteralPiece | BodyPiece): true | Promise<true> {
    if ("literal" in piece) return this.#put(piece.literal);
    const { size, body } = piece;
    if (!Buffer.isBuffer(body)) return this.#writeBody(command, size, supplyOf(body));
    invariant(body.length === size, "a message's size is that of its octets");
    return this.#put(body);
  }

  async #writeBody(command: PendingCommand, size: number, body: Supply<Buffer>): Promise<true> {
    let written = 0;
    try {
      for (;;) {
        const chunk = body.take();
        if (chunk === undefined) {
          if (await this.#isMore(body)) continue;
          break;
        }
        written += chunk.length;
        invariant(written <= size, `a message gave more than the ${size} octets announced`);
        this.#put(chunk);
        if (this.#socket.writableNeedDrain) await this.#waitFor("drain", command);
      }
    } finally {
      body.abandon();
    }
    invariant(written === size, `a message gave ${written} octets instead of the ${size} announced`);
    return true;
  }

  /** RFC 7888: LITERAL+ never waits, LITERAL- only for large ones. */
  #literalNeedNotWait(size: number): boolean {
    return this.#has("LITERAL+") || (this.#has("LITERAL-") && size <= LITERAL_MINUS_OCTETS);
  }

  #putText(text: string): true {
    return text === "" || this.#put(Buffer.from(text, "latin1"));
  }

  /** Small pieces of one turn go out together, with a large one behind them. */
  #put(octets: Buffer): true {
    if (!this.#corked && octets.length < LARGE_OCTETS) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(this.#uncork);
    }
    this.#socket.write(octets);
    return true;
  }

  readonly #uncork = (): void => {
    this.#corked = false;
    this.#socket.uncork();
  };

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
