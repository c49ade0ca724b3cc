import type { Duplex } from "node:stream";
import { type ReaderEvent, type ReaderLimits, ResponseReader } from "../../../wire/imap/response-reader.ts";

export interface LoopHooks {
  /** Whether anybody waits for a response. Otherwise the socket is left alone. */
  readonly wanted: () => boolean;
  /** A promise = nothing more is read until it settles. */
  readonly take: (event: ReaderEvent) => Promise<void> | undefined;
  /** `take`, the promise it gave, or the reader threw. */
  readonly failed: (error: unknown) => void;
  /** The server has sent its last octet, and all of them are taken. */
  readonly ended: () => void;
  /** Octets have come, or a consumer has done with them. */
  readonly moved: () => void;
}

/** Reads a socket response by response, only while somebody wants one, and never faster than the consumers take them. */
export class ResponseLoop {
  readonly #socket: Duplex;
  readonly #hooks: LoopHooks;
  readonly #reader: ResponseReader;
  #consumerBusy = false;
  #serverEnded = false;

  constructor(socket: Duplex, limits: ReaderLimits, hooks: LoopHooks) {
    this.#socket = socket;
    this.#hooks = hooks;
    this.#reader = new ResponseReader(limits);
    socket.pause();
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
  }

  /** Whether the silence is ours: a consumer is being waited for. */
  get consumerBusy(): boolean {
    return this.#consumerBusy;
  }

  useLimits(limits: ReaderLimits): void {
    this.#reader.useLimits(limits);
  }

  /** Takes what has come, one event after the other, and asks the socket for more. */
  run(): void {
    if (this.#consumerBusy) return;
    try {
      while (this.#hooks.wanted()) {
        const event = this.#reader.next();
        if (event === undefined) {
          if (this.#serverEnded) this.#hooks.ended();
          else this.#socket.resume();
          return;
        }
        const consumer = this.#hooks.take(event);
        if (consumer !== undefined) {
          this.#waitFor(consumer);
          break;
        }
      }
    } catch (error) {
      this.#hooks.failed(error);
    }
    this.#socket.pause();
  }

  /** Lets go of the socket and gives what was read and not taken. */
  stop(): Buffer {
    this.#socket.pause();
    this.#socket.off("data", this.#onData);
    this.#socket.off("end", this.#onEnd);
    return this.#reader.takeRest();
  }

  #waitFor(consumer: Promise<void>): void {
    this.#consumerBusy = true;
    consumer.then(
      () => {
        this.#consumerBusy = false;
        this.#hooks.moved();
        this.run();
      },
      (error: unknown) => this.#hooks.failed(error),
    );
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#hooks.moved();
    this.#reader.push(chunk);
    this.run();
  };

  readonly #onEnd = (): void => {
    this.#serverEnded = true;
    this.run();
  };
}
