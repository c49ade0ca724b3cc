import type net from "node:net";
import type tls from "node:tls";
import { ByteQueue } from "../kit/byte-queue.ts";
import { DeadlineError, withDeadline } from "../kit/deadline.ts";
import { invariant } from "../kit/invariant.ts";
import type { Endpoint } from "../model/endpoint.ts";
import type { Failure } from "../model/failure.ts";
import { protocolFault, unreachable } from "./failures.ts";
import type { Detached } from "./imap/connection.ts";
import type { UpstreamLimits } from "./limits.ts";
import type { Side } from "./side.ts";

export interface LineConnectionDeps {
  readonly socket: net.Socket | tls.TLSSocket;
  readonly side: Side;
  readonly endpoint: Endpoint;
  readonly limits: UpstreamLimits;
}

/** Octets that a server may say in all before the login is through. Real ones say 2 KB. */
const OCTETS_IN_ALL = 65_536;

/**
 * A connection that we opened to a server that speaks in lines (POP3, SMTP, ManageSieve), up to the login: one question, one answer, each bounded in octets and
 * time. The first failure ends it. One reader at a time.
 */
export class LineConnection {
  readonly side: Side;
  readonly endpoint: Endpoint;
  readonly limits: UpstreamLimits;
  readonly #socket: net.Socket | tls.TLSSocket;
  readonly #waiting = new ByteQueue();
  #octets = 0;
  /** When the last question was sent, or the connection began: an answer of many lines has no more time than one of a single line. */
  #askedMs = performance.now();
  #failure: Failure | null = null;
  #detached = false;
  #wake: (() => void) | null = null;

  constructor(deps: LineConnectionDeps) {
    this.side = deps.side;
    this.endpoint = deps.endpoint;
    this.limits = deps.limits;
    this.#socket = deps.socket;
    this.#socket.on("data", this.#onData);
    this.#socket.on("end", this.#onClose);
    this.#socket.on("close", this.#onClose);
    this.#socket.on("error", this.#onError);
    if (this.#socket.destroyed || this.#socket.readableEnded) this.#onClose();
    this.#socket.resume();
  }

  /** Whether TLS protects it. */
  get secure(): boolean {
    return "encrypted" in this.#socket;
  }

  /**
   * The next line without its line end. A bare LF ends a line too.
   * @param what names the wait in the error
   * @param limitMs longest time from the question on; the greeting's where none is given
   * @throws {Failure} `-unreachable` when the connection ends or the time is over, `-protocol` when the server says too much
   */
  async readLine(what: string, limitMs = this.limits.greetingLimitMs): Promise<Buffer> {
    return this.#inTime(this.#nextLine(), what, limitMs);
  }

  /** The next `count` octets, for literals; bounds and errors as `readLine`. The caller bounds `count`. */
  async readOctets(count: number, what: string, limitMs = this.limits.greetingLimitMs): Promise<Buffer> {
    return this.#inTime(this.#nextOctets(count), what, limitMs);
  }

  async #inTime(octets: Promise<Buffer>, what: string, limitMs: number): Promise<Buffer> {
    try {
      return await withDeadline(octets, what, Math.max(0, this.#askedMs + limitMs - performance.now()));
    } catch (error) {
      if (error instanceof DeadlineError)
        throw this.fail(unreachable(this, `has not answered within ${limitMs / 1000} s (${what})`, error));
      throw error;
    }
  }

  /**
   * Sends the pieces as one question. What may be a password is the caller's to wipe. A server that has said something already is out of step: its words would be
   * taken for the answer. Whoever reads next gets the failure.
   */
  send(...pieces: readonly (string | Buffer)[]): void {
    if (this.#failure === null && this.#waiting.length > 0) {
      this.#waiting.takeAll();
      this.fail(
        protocolFault(this, "answers before it is asked: somebody may be interfering with the connection"),
      );
    }
    if (this.#failure !== null) return;
    this.#askedMs = performance.now();
    const octets = pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece, "latin1") : piece));
    const all = Buffer.concat(octets);
    // Written out or copied by then: nothing of a password stays behind.
    this.#socket.write(all, () => all.fill(0));
  }

  /** Sends more while an answer is due; the time that it may take goes on. */
  sendFurther(text: string): void {
    if (this.#failure === null && !this.#detached) this.#socket.write(text, "latin1");
  }

  /** Ends the connection for a reason, which the reader gets; returns it, or the one it had ended for before. */
  fail(failure: Failure): Failure {
    if (this.#failure === null && !this.#detached) {
      this.#failure = failure;
      this.#socket.destroy();
      this.#stirred();
    }
    return this.#failure ?? failure;
  }

  /** Ends the connection at once. */
  close(): void {
    this.fail(unreachable(this, "was left: imbarco closed the connection"));
  }

  /**
   * Says the last line and ends, without waiting for an answer longer than a courtesy.
   * @param farewell such as `QUIT\r\n`
   */
  leave(farewell: string): void {
    if (this.#failure !== null || this.#detached) return;
    this.#socket.end(farewell, "latin1");
    this.#socket.resume();
    const timer = setTimeout(() => this.close(), this.limits.logoutLimitMs);
    this.#socket.once("close", () => clearTimeout(timer));
  }

  /** Gives the socket away: paused, without listeners of ours. @throws {Failure} when the connection is lost already */
  detach(): Detached {
    if (this.#failure !== null) throw this.#failure;
    invariant(!this.#detached, "a connection is given away once");
    this.#detached = true;
    this.#socket.pause();
    this.#socket.off("data", this.#onData);
    this.#socket.off("end", this.#onClose);
    this.#socket.off("close", this.#onClose);
    this.#socket.off("error", this.#onError);
    this.#socket.on("error", heardElsewhere);
    return { socket: this.#socket, leftover: this.#waiting.takeAll() };
  }

  async #nextLine(): Promise<Buffer> {
    for (;;) {
      const line = this.#waiting.takeLine();
      if (line !== undefined) return line.subarray(0, line.at(-2) === 0x0d ? -2 : -1);
      if (this.#waiting.length > this.limits.reader.lineOctets)
        throw this.fail(protocolFault(this, "sent a line without an end"));
      await this.#change();
    }
  }

  async #nextOctets(count: number): Promise<Buffer> {
    while (this.#waiting.length < count) await this.#change();
    return this.#waiting.take(count);
  }

  /** Until something comes. @throws {Failure} where nothing can come any more */
  async #change(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  readonly #onData = (octets: Buffer): void => {
    this.#octets += octets.length;
    if (this.#octets > OCTETS_IN_ALL) {
      this.fail(protocolFault(this, `said more than ${OCTETS_IN_ALL} octets before the login`));
      return;
    }
    this.#waiting.push(octets);
    this.#stirred();
  };

  readonly #onClose = (): void => {
    this.fail(unreachable(this, "closed the connection"));
  };

  readonly #onError = (error: Error): void => {
    this.fail(unreachable(this, "broke the connection", error));
  };

  #stirred(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}

function heardElsewhere(): void {
  // A broken socket also closes, and whoever took it over watches for that.
}
