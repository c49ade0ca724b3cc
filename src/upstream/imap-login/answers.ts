import { randomUUID } from "node:crypto";
import type { ByteQueue } from "../../kit/byte-queue.ts";
import {
  lineOf,
  parseResponse,
  type Response,
  type Tagged,
  type UntaggedStatus,
} from "../../wire/imap/response.ts";
import { isStatusLine, literalAtEnd, type Part, ResponseError } from "../../wire/imap/response-reader.ts";
import { protocolFault, sentAway, sentAwayInClear } from "../failures.ts";
import type { LineConnection } from "../line-connection.ts";

/** One command's answer, and what else the server said meanwhile. */
export interface Answer {
  readonly tagged: Tagged;
  /** The words of the last CAPABILITY response. */
  readonly capability: string | null;
}

/**
 * A server's IMAP responses up to the login of a session (RFC 9051 §2.2.2): what lies behind the last one that was read stays in the connection. Commands are the
 * caller's to send, under tags of ours.
 */
export class Answers {
  readonly #connection: LineConnection;
  /** Unpredictable, so that nobody can answer a command before it is sent. */
  readonly #tagPrefix = randomUUID().slice(0, 8);
  #lastTag = 0;
  /** Tags of commands that have been sent and not been answered. */
  readonly #due: string[] = [];
  /** The present response as far as it has come, and the literal that it goes on with. */
  #parts: Part[] = [];
  #kept = 0;
  #literalOctets: number | null = null;

  constructor(connection: LineConnection) {
    this.#connection = connection;
  }

  /** A tag for a command that is sent now. */
  nextTag(): string {
    this.#lastTag += 1;
    const tag = `${this.#tagPrefix}${this.#lastTag}`;
    this.#due.push(tag);
    return tag;
  }

  /**
   * The server's first response.
   * @throws {Failure} `-unreachable` when it does not come in time, `-protocol` when it is none, or too large
   */
  greeting(limitMs: number): Promise<UntaggedStatus> {
    const take = (waiting: ByteQueue): UntaggedStatus | undefined => {
      const greeting = this.#takeResponse(waiting, "the greeting");
      if (greeting === undefined || greeting.kind === "status") return greeting;
      throw protocolFault(this.#connection, "sent something else than a greeting: it does not speak IMAP");
    };
    return this.#connection.read(take, "the greeting", limitMs);
  }

  /**
   * Reads on to the answer of the command sent last; answers of those before it may come before or after it, and nobody wants them.
   * @param name of the command, for errors
   * @param further what the server asks for, one after the other
   * @throws {Failure} as `greeting`; `-unreachable` or `-limit` when the server says goodbye
   */
  answer(name: string, limitMs: number, further: Buffer[] = []): Promise<Answer> {
    const asked = this.#due.at(-1);
    let strays = 0;
    let capability: string | null = null;
    let tagged: Tagged | null = null;
    const take = (waiting: ByteQueue): Answer | undefined => {
      for (;;) {
        const response = this.#takeResponse(waiting, name);
        if (response === undefined) return undefined;
        if (response.kind === "tagged") {
          this.#settle(name, response);
          if (response.tag === asked) {
            // Whoever answers the half of a command has not looked at it: the other half may be the password.
            if (response.status === "OK" && further.length > 0)
              throw this.#fault(name, "an answer before the whole command was sent");
            tagged = response;
          }
          if (tagged !== null && this.#due.length === 0) return { tagged, capability };
          continue;
        }
        if (response.kind === "data" && response.name === "CAPABILITY") capability = lineOf(response).trim();
        if (response.kind === "status" && response.status === "BYE") throw this.#goodbye(response);
        if (response.kind === "continuation") this.#goOn(name, tagged === null ? further : []);
        strays += 1;
        if (strays > this.#connection.limits.strayResponses)
          throw this.#fault(name, `more than ${strays - 1} lines that nobody asked for`);
      }
    };
    return this.#connection.read(take, `the answer to ${name}`, limitMs);
  }

  /** @throws {Failure} `-protocol` for what is no response, or too large */
  #takeResponse(waiting: ByteQueue, during: string): Response | undefined {
    try {
      for (;;) {
        if (this.#literalOctets !== null) {
          if (waiting.length < this.#literalOctets) return undefined;
          this.#parts.push({ kind: "literal", octets: waiting.take(this.#literalOctets) });
          this.#literalOctets = null;
        }
        const line = this.#connection.takeLine(waiting);
        if (line === undefined) return undefined;
        const response = this.#takeLine(line);
        if (response !== undefined) return response;
      }
    } catch (error) {
      throw error instanceof ResponseError ? this.#fault(during, error.message, error) : error;
    }
  }

  /** @returns `undefined` where the response goes on behind a literal */
  #takeLine(line: Buffer): Response | undefined {
    const parts = this.#parts;
    const literal = parts.length === 0 && isStatusLine(line) ? null : literalAtEnd(line);
    this.#kept += line.length + (literal?.size ?? 0);
    if (this.#kept > this.#connection.limits.reader.responseOctets)
      throw new ResponseError("a response that nobody asked for and that is too large");
    parts.push({ kind: "text", octets: literal === null ? line : line.subarray(0, literal.at) });
    this.#literalOctets = literal?.size ?? null;
    if (literal !== null) return undefined;
    this.#parts = [];
    this.#kept = 0;
    return parseResponse(parts);
  }

  #goOn(name: string, further: Buffer[]): void {
    const octets = further.shift();
    if (octets === undefined) throw this.#fault(name, "a continuation that nobody asked for");
    this.#connection.ask(octets);
  }

  #settle(name: string, { tag }: Tagged): void {
    const at = this.#due.indexOf(tag);
    if (at < 0) throw this.#fault(name, "an answer to a command that was never sent");
    this.#due.splice(at, 1);
  }

  /** Before STARTTLS anybody may have written the words. */
  #goodbye(status: UntaggedStatus): Error {
    const isClear = this.#connection.endpoint.tls === "starttls" && !this.#connection.secure;
    return (isClear ? sentAwayInClear : sentAway)(this.#connection, "said goodbye", status);
  }

  #fault(name: string, what: string, cause?: unknown): Error {
    return protocolFault(this.#connection, `sent ${what} during ${name}`, cause);
  }
}
