import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Side } from "./job.ts";

const NOTHING = Buffer.alloc(0);

/** What comes in besides tagged answers. Text is one character an octet (latin1). */
export interface Incoming {
  /** A line, or the part of one up to a literal of `literalSize` octets, which follow. */
  onLine(text: string, literalSize: number | null): void;
  onOctets(octets: Buffer): void;
  /** All that has arrived for now was passed on. */
  onPause?(): void;
}

/**
 * The least that can speak IMAP: pipelined commands, literals passed on in the pieces in which they arrive, no checks. It shares no
 * code with the program under test, being what that is measured against.
 */
export class Wire {
  #socket: Socket;
  #partial: Buffer = NOTHING;
  #literalLeft = 0;
  #count = 0;
  readonly #answers = new Map<string, (text: string) => void>();
  #failed: (error: Error) => void = () => {};
  /** Rejects when the connection breaks or a command is refused. */
  readonly failure: Promise<never>;
  incoming: Incoming | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.failure = new Promise((_resolve, reject) => {
      this.#failed = reject;
    });
    this.failure.catch(() => {}); // whoever waits for something waits for this too
    this.#listen(socket);
  }

  /** Connects, brings TLS up and logs in. */
  static async open(side: Side): Promise<Wire> {
    const socket = connectTcp(side.port, side.host);
    socket.setNoDelay(true);
    const wire = new Wire(socket);
    await wire.#greeting();
    if (side.tls === "starttls") {
      await wire.command("STARTTLS");
      socket.removeAllListeners();
      const ca = await readFile(side.caFile);
      const secure = connectTls({ socket, servername: "localhost", ca });
      wire.#socket = secure;
      wire.#listen(secure);
      await Promise.race([once(secure, "secureConnect"), wire.failure]);
    }
    await wire.command(`LOGIN "${side.user}" "${side.password}"`);
    return wire;
  }

  /** Names of all folders that can hold messages, as the server writes them. */
  async folders(): Promise<string[]> {
    const names: string[] = [];
    this.incoming = {
      onLine: (text) => {
        const match = /^\* LIST \(([^)]*)\) (?:NIL|"[^"]+") "?(.*?)"?$/.exec(text);
        if (match && !/\\noselect|\\nonexistent/i.test(match[1] ?? "")) names.push(match[2] ?? "");
      },
      onOctets: () => {},
    };
    await this.command('LIST "" "*"');
    return names;
  }

  /** Sends a command and waits for its OK. */
  async command(text: string): Promise<void> {
    await Promise.race([new Promise<void>((done) => this.send(text, () => done())), this.failure]);
  }

  /** Sends a command; `onOk` is called when it was done, in the order of what arrives. Whatever is refused is a failure. */
  send(text: string, onOk: () => void): void {
    const tag = this.expect((answer) => {
      if (answer.startsWith("OK")) onOk();
      else this.#failed(new Error(`${text.split(" ", 2).join(" ")}: ${answer}`));
    });
    this.write(`${tag} ${text}\r\n`);
  }

  /** A new tag, and who hears of its answer. */
  expect(onAnswer: (text: string) => void): string {
    this.#count += 1;
    const tag = `w${this.#count}`;
    this.#answers.set(tag, onAnswer);
    return tag;
  }

  /** Whether more may be written at once. */
  write(octets: Buffer | string): boolean {
    return typeof octets === "string" ? this.#socket.write(octets, "latin1") : this.#socket.write(octets);
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Waits until what was written is on its way. */
  async drained(): Promise<void> {
    await Promise.race([once(this.#socket, "drain"), this.failure]);
  }

  /** Stops reading here until `other` has room again. */
  waitFor(other: Wire): void {
    this.#socket.pause();
    other.#socket.once("drain", () => this.#socket.resume());
  }

  async close(): Promise<void> {
    await this.command("LOGOUT");
    this.#socket
      .removeAllListeners()
      .on("error", () => {})
      .destroy();
  }

  #listen(socket: Socket): void {
    socket.on("data", (chunk: Buffer) => {
      this.#take(chunk);
      this.incoming?.onPause?.();
    });
    socket.on("error", (error) => this.#failed(error));
    socket.on("close", () => this.#failed(new Error("the server closed the connection")));
  }

  async #greeting(): Promise<void> {
    const greeted = new Promise<void>((resolve) => {
      this.incoming = { onLine: () => resolve(), onOctets: () => {} };
    });
    await Promise.race([greeted, this.failure]);
    this.incoming = null;
  }

  #take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#literalLeft > 0) {
        const octets = chunk.subarray(at, at + this.#literalLeft);
        this.#literalLeft -= octets.length;
        at += octets.length;
        this.incoming?.onOctets(octets);
        continue;
      }
      const end = chunk.indexOf(10, at);
      const piece = chunk.subarray(at, end < 0 ? chunk.length : end + 1);
      at += piece.length;
      this.#partial = this.#partial.length === 0 ? piece : Buffer.concat([this.#partial, piece]);
      if (end >= 0) this.#line(this.#partial.toString("latin1", 0, this.#partial.length - 2));
    }
  }

  #line(text: string): void {
    this.#partial = NOTHING;
    const literal = text.endsWith("}") ? /\{(\d+)\}$/.exec(text)?.[1] : undefined;
    this.#literalLeft = Number(literal ?? 0);
    const tag = text.startsWith("w") ? text.slice(0, text.indexOf(" ")) : "";
    const answer = this.#answers.get(tag);
    if (answer === undefined)
      return this.incoming?.onLine(text, literal === undefined ? null : this.#literalLeft);
    this.#answers.delete(tag);
    answer(text.slice(tag.length + 1));
  }
}
