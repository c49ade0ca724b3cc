import type net from "node:net";
import type tls from "node:tls";
import type { ClientTls } from "../model/client-tls.ts";

/** What a read brings: octets, or why there are none any more. */
export type Heard =
  | { readonly kind: "octets"; readonly octets: Buffer }
  /** The client has sent its last octet; it may still read. */
  | { readonly kind: "end" }
  /** The connection is broken or closed. */
  | { readonly kind: "gone" }
  /** `stop()` was called. */
  | { readonly kind: "stopped" };

/** What a piece costs beside its octets: somebody who sends one octet a packet must not make thousands of pieces wait. */
const PIECE_COST = 256;
/** Most that is handed out at once: the reader copies it, and what comes in one piece from the network may have 64 KB. */
const READ_OCTETS = 8_192;

export interface StreamBounds {
  /** Octets that may wait to be read before the socket is paused, with `PIECE_COST` for each piece that they came in. */
  readonly unreadOctets: number;
  /** How long the client may take to fetch the last words. */
  readonly lingerMs: number;
}

/**
 * A client's socket as promises, for as long as we speak the protocol. It reads ahead within its bounds, so that it
 * notices a client that breaks off while a login is under way, and gives the socket away without losing an octet.
 */
export class ClientStream {
  readonly #socket: net.Socket | tls.TLSSocket;
  readonly #bounds: StreamBounds;
  #gone = false;
  #onGone: (() => void) | null = null;
  #waiting: Buffer[] = [];
  #waitingOctets = 0;
  #ended = false;
  #stopped = false;
  /** Whoever waits to read. */
  #reader: ((heard: Heard) => void) | null = null;
  /** Whoever waits to write or to end: looks again when something changed. */
  #wake: (() => void)[] = [];

  constructor(socket: net.Socket | tls.TLSSocket, bounds: StreamBounds) {
    this.#socket = socket;
    this.#bounds = bounds;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("drain", this.#onChange);
    socket.on("close", this.#onClose);
    socket.on("error", this.#onClose);
    this.#ended = socket.readableEnded;
    if (socket.destroyed) this.#onClose();
    socket.resume();
  }

  /** Tells when the connection breaks, at once where it has; a client that only stops sending does not count. `null`: nobody wants to know. */
  whenGone(onGone: (() => void) | null): void {
    this.#onGone = onGone;
    if (this.#gone) onGone?.();
  }

  /** The next octets, as they came. One reader at a time. */
  read(): Promise<Heard> {
    const heard = this.#heard();
    if (heard !== null) return Promise.resolve(heard);
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  /** What can be told at once; `null` = nothing so far. */
  #heard(): Heard | null {
    if (this.#stopped) return { kind: "stopped" };
    const octets = this.#takeWaiting();
    if (octets !== undefined) {
      if (this.#waitingOctets < this.#bounds.unreadOctets) this.#socket.resume();
      return { kind: "octets", octets };
    }
    if (this.#gone) return { kind: "gone" };
    return this.#ended ? { kind: "end" } : null;
  }

  /** Sends. A promise = the client has not fetched what was sent before; it is to be waited for. A client that is gone is no error here. */
  write(text: string): Promise<void> | null {
    this.#socket.write(text, "latin1");
    return this.#mustWait ? this.#drained() : null;
  }

  /** Only above the socket's own high-water mark does it say `drain` afterwards. */
  get #mustWait(): boolean {
    return this.#socket.writableNeedDrain && !this.#stopped && !this.#gone;
  }

  async #drained(): Promise<void> {
    while (this.#mustWait) await this.#change();
  }

  /** Ends every wait, now and later: `read` says `stopped` from here on. */
  stop(): void {
    this.#stopped = true;
    this.#onChange();
  }

  /** The TLS that protects the connection; `null` where there is none, or no longer. */
  tlsInUse(): ClientTls | null {
    const socket = this.#socket;
    if (!("getCipher" in socket) || socket.destroyed) return null;
    return { version: socket.getProtocol(), cipher: socket.getCipher().name };
  }

  /** Gives the socket away, paused, with what came and was not read. Only an idle listener for errors stays. */
  detach(): { socket: net.Socket | tls.TLSSocket; unread: Buffer } {
    const socket = this.#socket;
    socket.pause();
    socket.removeListener("data", this.#onData);
    socket.removeListener("end", this.#onEnd);
    socket.removeListener("drain", this.#onChange);
    socket.removeListener("close", this.#onClose);
    socket.removeListener("error", this.#onClose);
    socket.on("error", heardElsewhere);
    return { socket, unread: Buffer.concat(this.#waiting.splice(0)) };
  }

  /**
   * Says the last words and ends. What the client still sends is thrown away meanwhile: closing a socket with unread
   * octets would make the kernel take the last words back.
   */
  async finish(lastWords: string): Promise<void> {
    for (const octets of this.#waiting.splice(0)) octets.fill(0);
    this.#waitingOctets = 0;
    this.#stopped = true;
    this.#socket.end(lastWords, "latin1");
    this.#socket.resume();
    const timer = setTimeout(() => this.#socket.destroy(), this.#bounds.lingerMs);
    while (!this.#gone) await this.#change();
    clearTimeout(timer);
  }

  #takeWaiting(): Buffer | undefined {
    const first = this.#waiting[0];
    if (first !== undefined && first.length > READ_OCTETS) {
      this.#waiting[0] = first.subarray(READ_OCTETS);
      this.#waitingOctets -= READ_OCTETS;
      return first.subarray(0, READ_OCTETS);
    }
    this.#waiting.shift();
    if (first !== undefined) this.#waitingOctets -= first.length + PIECE_COST;
    return first;
  }

  readonly #onData = (octets: Buffer): void => {
    if (this.#stopped) {
      // Nobody reads it, and it may hold a password.
      octets.fill(0);
      return;
    }
    this.#waiting.push(octets);
    this.#waitingOctets += octets.length + PIECE_COST;
    if (this.#waitingOctets >= this.#bounds.unreadOctets) this.#socket.pause();
    this.#onChange();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#onChange();
  };

  readonly #onClose = (): void => {
    this.#gone = true;
    this.#onGone?.();
    this.#onChange();
  };

  readonly #onChange = (): void => {
    const reader = this.#reader;
    const heard = reader && this.#heard();
    if (reader && heard) {
      this.#reader = null;
      reader(heard);
    }
    for (const wake of this.#wake.splice(0)) wake();
  };

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }
}

function heardElsewhere(): void {
  // A broken socket also closes, and whoever took it over watches for that.
}
