import type { Tagged, Untagged, UntaggedData } from "../../../wire/imap/response.ts";
import type { Outgoing } from "./outgoing.ts";

/** Takes the pieces of one literal. A promise = wait for it before the next piece. */
export type LiteralSink = (piece: Buffer) => Promise<void> | undefined;

/** What a command expects besides its answer. It names its data by content (a UID, a folder), never by their order. */
export interface Expecting {
  /** `false` = not mine; a promise = mine, and nothing more is read until it settles. */
  readonly untagged?: (response: Untagged) => boolean | Promise<void>;
  /** A literal too large to be kept: where it goes, or `null` = not mine. `start` is the response as far as it has come. */
  readonly literal?: (start: UntaggedData, size: number) => LiteralSink | null;
}

/** A command that was sent, or waits to be. Neither promise needs to be listened to. */
export interface Handle {
  /** The last octet is written, or the server has answered before. */
  readonly sent: Promise<void>;
  /** The server's answer, whatever it is. @throws {Failure} when the connection is lost first */
  readonly done: Promise<Tagged>;
}

/** A command under way. */
export class PendingCommand implements Handle {
  readonly tag: string;
  readonly outgoing: Outgoing;
  readonly expecting: Expecting;
  readonly done: Promise<Tagged>;
  /** Only a command that is on the wire can be answered. */
  progress: "waiting" | "begun" | "written" = "waiting";
  answered = false;
  #timer: NodeJS.Timeout | undefined;
  /** Made once somebody asks, which hardly anybody does. */
  #sent: PromiseWithResolvers<void> | null = null;
  #isSent = false;
  #failure: Error | null = null;
  readonly #done = Promise.withResolvers<Tagged>();

  constructor(tag: string, outgoing: Outgoing, expecting: Expecting) {
    this.tag = tag;
    this.outgoing = outgoing;
    this.expecting = expecting;
    this.done = this.#done.promise;
    // Whoever sends a command may look at one of the two only.
    this.done.catch(ignore);
  }

  get sent(): Promise<void> {
    if (this.#sent === null) {
      this.#sent = Promise.withResolvers();
      this.#sent.promise.catch(ignore);
      if (this.#isSent) this.#sent.resolve();
      else if (this.#failure !== null) this.#sent.reject(this.#failure);
    }
    return this.#sent.promise;
  }

  /** Starts the command's own clock. */
  startClock(limitMs: number, onExpiry: () => void): void {
    this.#timer = setTimeout(onExpiry, limitMs);
  }

  settleSent(): void {
    this.#isSent = true;
    this.#sent?.resolve();
  }

  answer(response: Tagged): void {
    this.answered = true;
    clearTimeout(this.#timer);
    this.#done.resolve(response);
  }

  fail(error: Error): void {
    clearTimeout(this.#timer);
    this.#failure ??= error;
    this.#sent?.reject(error);
    this.#done.reject(error);
  }
}

function ignore(): void {
  // The promise's other holders hear of it.
}
