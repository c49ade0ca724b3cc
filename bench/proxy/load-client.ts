import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, type TLSSocket } from "node:tls";
import type { Door } from "./load-job.ts";

const CONTEXT = createSecureContext();
/** An answer that takes longer is counted as an error. */
const ANSWER_LIMIT_MS = 20_000;
const LF = 0x0a;
const READ_OCTETS = 64 * 1024;
const readInto = Buffer.allocUnsafeSlow(READ_OCTETS);

/** The session ticket that a client keeps for its next connection: one, used once, as most mail programs do. */
export interface Ticket {
  session: Buffer | null;
}

/**
 * A mail program's connection: sends commands and waits for the line that answers, and counts the octets of everything else. It shares
 * no code with what is measured.
 */
export class LoadClient {
  readonly socket: Socket;
  /** All that has come so far. */
  octets = 0;
  #tail = "";
  #waitsFor = "";
  #answered: (() => void) | null = null;
  #failed: ((error: Error) => void) | null = null;
  #error: Error | null = null;

  constructor(door: Door, ticket: Ticket | null) {
    this.socket = door.tls ? this.#overTls(door.port, ticket) : this.#inClear(door.port);
    this.socket.on("error", (error) => this.#fail(error));
    this.socket.on("end", () => this.#fail(new Error("the connection was ended")));
    this.socket.on("close", () => this.#fail(new Error("the connection was closed")));
    this.socket.setTimeout(ANSWER_LIMIT_MS, () => {
      if (this.#failed !== null) this.#fail(new Error(`no answer within ${ANSWER_LIMIT_MS / 1000} s`));
    });
  }

  /** Whether its TLS session was one from before. */
  get isResumed(): boolean {
    return (this.socket as Partial<TLSSocket>).isSessionReused?.() ?? false;
  }

  /** Waits for a line that begins so. */
  line(beginning: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#error !== null) {
        reject(this.#error);
        return;
      }
      this.#waitsFor = beginning;
      this.#answered = resolve;
      this.#failed = reject;
      this.#look();
    });
  }

  /** Sends a command and waits for its OK. */
  command(tag: string, text: string): Promise<void> {
    this.socket.write(`${tag} ${text}\r\n`, "latin1");
    return this.line(`${tag} OK`);
  }

  async logIn(user: string, password: string): Promise<void> {
    await this.line("* OK");
    await this.command("a", `LOGIN ${user} ${password}`);
  }

  close(): void {
    this.#error ??= new Error("closed by the bench");
    this.socket.destroy();
  }

  #inClear(port: number): Socket {
    const take = (length: number, octets: Uint8Array) => {
      this.#take(octets as Buffer, length);
      return true;
    };
    const onread = { buffer: readInto, callback: take };
    return connectTcp({ host: "127.0.0.1", port, noDelay: true, onread });
  }

  #overTls(port: number, ticket: Ticket | null): TLSSocket {
    const session = ticket?.session ?? undefined;
    if (ticket !== null) ticket.session = null;
    const socket = connectTls({
      host: "127.0.0.1",
      port,
      secureContext: CONTEXT,
      rejectUnauthorized: false,
      ...(session === undefined ? {} : { session }),
    });
    socket.setNoDelay(true);
    if (ticket !== null)
      socket.on("session", (octets: Buffer) => {
        ticket.session = octets;
      });
    socket.on("data", (octets: Buffer) => this.#take(octets, octets.length));
    return socket;
  }

  #take(octets: Buffer, length: number): void {
    this.octets += length;
    // Of a long message only the end can hold the answer.
    const from = Math.max(0, length - 1024);
    this.#tail = (from > 0 ? "" : this.#tail) + octets.toString("latin1", from, length);
    if (octets[length - 1] === LF) this.#look();
    if (this.#tail.length > 4096) this.#tail = this.#tail.slice(-2048);
  }

  #look(): void {
    if (this.#answered === null) return;
    const at = this.#tail.indexOf(this.#waitsFor);
    if (at > 0 && this.#tail.charCodeAt(at - 1) !== LF) return;
    if (at >= 0) {
      this.#tail = "";
      const answered = this.#answered;
      this.#answered = null;
      this.#failed = null;
      answered();
      return;
    }
    const refusal = /^\S+ (?:NO|BAD) .*|^\* BYE .*/m.exec(this.#tail);
    if (refusal) this.#fail(new Error(`refused: ${refusal[0].slice(0, 100)}`));
  }

  #fail(error: Error): void {
    this.#error ??= error;
    const failed = this.#failed;
    this.#answered = null;
    this.#failed = null;
    failed?.(error);
  }
}
