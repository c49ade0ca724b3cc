import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** One end of a connection, as a test reads and writes it. Text is one character an octet (latin1). */
export class ScriptPeer {
  readonly socket: Socket;
  #waiting: Buffer[] = [];
  #wake: () => void = () => {};
  #ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onEnd);
    socket.on("error", this.#onEnd);
    socket.resume();
  }

  /** Lines with CRLF, as they stand. */
  send(...lines: string[]): void {
    this.sendRaw(lines.map((line) => `${line}\r\n`).join(""));
  }

  sendRaw(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** The next line without its CRLF; `null` when the other side has ended before one was complete. */
  async line(): Promise<string | null> {
    const line = await this.#take((waiting) => waiting.indexOf("\n") + 1);
    return line === null ? null : line.toString("latin1").replace(/\r?\n$/, "");
  }

  /** Exactly that many octets; `null` when the other side has ended before. */
  async octets(count: number): Promise<Buffer | null> {
    while (this.#waiting.reduce((sum, chunk) => sum + chunk.length, 0) < count && !this.#ended)
      await this.#change();
    return count === 0 ? Buffer.alloc(0) : this.#take((waiting) => (waiting.length >= count ? count : 0));
  }

  /** Everything until the other side ends. */
  async rest(): Promise<string> {
    while (!this.#ended) await this.#change();
    return Buffer.concat(this.#waiting.splice(0)).toString("latin1");
  }

  /** Ends the sending direction only. */
  end(): void {
    this.socket.end();
  }

  /** Breaks the connection, with a reset where octets are unread. */
  destroy(): void {
    this.socket.destroy();
  }

  /** Gives the socket away, paused: for TLS, or for a relay. */
  detach(): { socket: Socket; unread: Buffer } {
    this.socket.pause();
    this.socket.off("data", this.#onData).off("end", this.#onEnd).off("close", this.#onEnd);
    return { socket: this.socket, unread: Buffer.concat(this.#waiting.splice(0)) };
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#waiting.push(chunk);
    this.#wake();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#wake();
  };

  /** Takes what `length` says is there; 0 = wait for more. */
  async #take(length: (waiting: Buffer) => number): Promise<Buffer | null> {
    for (;;) {
      const waiting = Buffer.concat(this.#waiting);
      const count = length(waiting);
      if (count > 0) {
        this.#waiting = [waiting.subarray(count)];
        return waiting.subarray(0, count);
      }
      if (this.#ended) return null;
      await this.#change();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** A server on loopback that does what a test tells it, connection by connection. */
export interface ScriptServer {
  readonly port: number;
  /** Stops and closes every connection. @throws what a script threw */
  close(): Promise<void>;
}

/** Starts a server that plays `script` to every client. */
export async function startScriptServer(script: (peer: ScriptPeer) => Promise<void>): Promise<ScriptServer> {
  const sockets = new Set<Socket>();
  const failures: unknown[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    script(new ScriptPeer(socket)).catch((error: unknown) => {
      failures.push(error);
      socket.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
      if (failures.length > 0) throw failures[0];
    },
  };
}
