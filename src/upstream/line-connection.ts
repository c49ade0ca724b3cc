import type net from "node:net";
import type tls from "node:tls";
import { ByteQueue } from "../kit/byte-queue.ts";
import { invariant } from "../kit/invariant.ts";
import type { Endpoint } from "../model/endpoint.ts";
import type { Failure } from "../model/failure.ts";
import { ungreeted } from "./connect-failure.ts";
import { protocolFault, unreachable } from "./failures.ts";
import type { Detached } from "./imap/connection/connection.ts";
import type { UpstreamLimits } from "./limits.ts";
import type { Side } from "./side.ts";

export interface LineConnectionDeps {
  readonly socket: net.Socket | tls.TLSSocket;
  readonly side: Side;
  readonly endpoint: Endpoint;
  readonly limits: UpstreamLimits;
  /** Ends the connection until it is given away; whoever reads gets its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Takes what it wants from what waits; `undefined` while that is not whole. What it throws ends the connection. */
export type Take<T> = (waiting: ByteQueue) => T | undefined;

/** What is being waited for. */
interface Awaited {
  /** Whether it was whole. */
  readonly look: () => boolean;
  readonly reject: (error: Error) => void;
}

/** Octets that a server may say in all before the login is through. Real ones say 2 KB. */
const OCTETS_IN_ALL = 65_536;

/**
 * A connection that we opened for a client to a server that speaks in lines (all of ours do), up to the login: one question, one answer, each bounded in octets and
 * time. The first failure ends it. One reader at a time.
 *
 * Every login passes through here: it makes do with one promise and one timer for what it waits for.
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
  readonly #signal: AbortSignal | undefined;
  #failure: Error | null = null;
  #detached = false;
  #awaited: Awaited | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: LineConnectionDeps) {
    this.side = deps.side;
    this.endpoint = deps.endpoint;
    this.limits = deps.limits;
    this.#socket = deps.socket;
    this.#signal = deps.signal;
    this.#socket.on("data", this.#onData);
    this.#socket.on("end", this.#onClose);
    this.#socket.on("close", this.#onClose);
    this.#socket.on("error", this.#onError);
    this.#signal?.addEventListener("abort", this.#onAbort);
    if (this.#signal?.aborted) this.#onAbort();
    else if (this.#socket.destroyed || this.#socket.readableEnded) this.#onClose();
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
   * @throws {Failure} `-unreachable` when the connection ends or the time is over, `-protocol` when the server says too much; the signal's reason when it aborts
   */
  readLine(what: string, limitMs?: number): Promise<Buffer> {
    return this.read(this.takeLine, what, limitMs);
  }

  /** The next `count` octets, for literals; bounds and errors as `readLine`. The caller bounds `count`. */
  readOctets(count: number, what: string, limitMs?: number): Promise<Buffer> {
    return this.read((waiting) => (waiting.length < count ? undefined : waiting.take(count)), what, limitMs);
  }

  /** The next thing that `take` makes of what comes; bounds and errors as `readLine`, and what `take` throws. */
  read<T>(take: Take<T>, what: string, limitMs = this.limits.greetingLimitMs): Promise<T> {
    try {
      const taken = take(this.#waiting);
      if (taken !== undefined) return Promise.resolve(taken);
    } catch (error) {
      this.fail(error as Error);
    }
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const late = () => this.fail(unreachable(this, `has not answered within ${limitMs / 1000} s (${what})`));
    this.#timer = setTimeout(late, Math.max(0, this.#askedMs + limitMs - performance.now()));
    return new Promise((resolve, reject) => {
      const look = (): boolean => {
        const taken = take(this.#waiting);
        if (taken !== undefined) resolve(taken);
        return taken !== undefined;
      };
      this.#awaited = { look, reject };
    });
  }

  /** The next line without its line end. @throws {Failure} `-protocol` for one that is too long */
  readonly takeLine: Take<Buffer> = (waiting) => {
    const line = waiting.takeLine();
    if (line !== undefined) return line.subarray(0, line.at(-2) === 0x0d ? -2 : -1);
    if (waiting.length > this.limits.reader.lineOctets)
      throw protocolFault(this, "sent a line without an end");
    return undefined;
  };

  /**
   * Sends the pieces as one question. What may be a password is the caller's to wipe. A server that has said something already is out of step: its words would be
   * taken for the answer. Whoever reads next gets the failure.
   */
  send(...pieces: readonly (string | Buffer)[]): void {
    if (this.#waiting.length > 0) {
      // Thrown away where it has ended since, too: nobody shall read an answer there to what could not be sent.
      this.#waiting.takeAll();
      this.fail(
        protocolFault(this, "answers before it is asked: somebody may be interfering with the connection"),
      );
    }
    this.ask(...pieces);
  }

  /** As `send`, to a server that may speak unasked because its answers name their questions (IMAP). */
  ask(...pieces: readonly (string | Buffer)[]): void {
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
  fail(failure: Error): Error {
    if (this.#failure !== null || this.#detached) return this.#failure ?? failure;
    this.#failure = failure;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#socket.destroy();
    this.#settled()?.reject(failure);
    return failure;
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
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#socket.pause();
    this.#socket.off("data", this.#onData);
    this.#socket.off("end", this.#onClose);
    this.#socket.off("close", this.#onClose);
    this.#socket.off("error", this.#onError);
    this.#socket.on("error", heardElsewhere);
    return { socket: this.#socket, leftover: this.#waiting.takeAll() };
  }

  readonly #onData = (octets: Buffer): void => {
    this.#octets += octets.length;
    if (this.#octets > OCTETS_IN_ALL) {
      this.fail(protocolFault(this, `said more than ${OCTETS_IN_ALL} octets before the login`));
      return;
    }
    this.#waiting.push(octets);
    try {
      if (this.#awaited?.look()) this.#settled();
    } catch (error) {
      this.fail(error as Error);
    }
  };

  readonly #onClose = (): void => {
    this.#failLost(unreachable(this, "closed the connection"));
  };

  readonly #onError = (error: Error): void => {
    this.#failLost(unreachable(this, "broke the connection", error));
  };

  #failLost(failure: Failure): void {
    const isGreetingDue = this.endpoint.tls !== "starttls" || !this.secure;
    this.fail(this.#octets === 0 && isGreetingDue ? ungreeted(this, failure) : failure);
  }

  readonly #onAbort = (): void => {
    this.fail(this.#signal?.reason as Error);
  };

  /** Whoever waits, who waits no longer. */
  #settled(): Awaited | null {
    const awaited = this.#awaited;
    this.#awaited = null;
    clearTimeout(this.#timer);
    return awaited;
  }
}

function heardElsewhere(): void {
  // A broken socket also closes, and whoever took it over watches for that.
}
