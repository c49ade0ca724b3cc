import { randomUUID } from "node:crypto";
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
 * A server's IMAP responses up to the login of a session, one after the other (RFC 9051 §2.2.2): what lies behind the last one that was read stays in the
 * connection. Commands are the caller's to send, under tags of ours.
 */
export class Answers {
  readonly #connection: LineConnection;
  /** Unpredictable, so that nobody can answer a command before it is sent. */
  readonly #tagPrefix = randomUUID().slice(0, 8);
  #lastTag = 0;
  /** Tags of commands that have been sent and not been answered. */
  readonly #due: string[] = [];

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
   * The next response whole.
   * @throws {Failure} `-unreachable` when it does not come in time, `-protocol` when it is none, or too large
   */
  async next(what: string, limitMs: number): Promise<Response> {
    const parts: Part[] = [];
    let kept = 0;
    for (;;) {
      const line = await this.#connection.readLine(what, limitMs);
      kept += line.length;
      try {
        const literal = parts.length === 0 && isStatusLine(line) ? null : literalAtEnd(line);
        if (literal === null) return parseResponse([...parts, { kind: "text", octets: line }]);
        kept += literal.size;
        if (kept > this.#connection.limits.reader.responseOctets)
          throw new ResponseError(`a literal of ${literal.size} octets that nobody asked for`);
        parts.push({ kind: "text", octets: line.subarray(0, literal.at) });
        parts.push({
          kind: "literal",
          octets: await this.#connection.readOctets(literal.size, what, limitMs),
        });
      } catch (error) {
        if (!(error instanceof ResponseError)) throw error;
        throw this.#connection.fail(
          protocolFault(this.#connection, `sent ${error.message} during ${what}`, error),
        );
      }
    }
  }

  /** The server's first response. @throws {Failure} as `next`, and where it is none */
  async greeting(limitMs: number): Promise<UntaggedStatus> {
    const greeting = await this.next("the greeting", limitMs);
    if (greeting.kind === "status") return greeting;
    throw this.#connection.fail(
      protocolFault(this.#connection, "sent something else than a greeting: it does not speak IMAP"),
    );
  }

  /**
   * Reads on to the answer of the command sent last; answers of those before it may come before or after it, and nobody wants them.
   * @param name of the command, for errors
   * @param further what the server asks for, one after the other
   * @throws {Failure} as `next`; `-unreachable` or `-limit` when the server says goodbye
   */
  async answer(name: string, limitMs: number, further: Buffer[] = []): Promise<Answer> {
    const asked = this.#due.at(-1);
    let capability: string | null = null;
    let tagged: Tagged | null = null;
    for (let strays = 0; strays <= this.#connection.limits.strayResponses; strays += 1) {
      const response = await this.next(`the answer to ${name}`, limitMs);
      if (response.kind === "continuation") this.#goOn(name, further);
      else if (response.kind === "status") this.#takeStatus(response);
      else if (response.kind === "data") {
        if (response.name === "CAPABILITY") capability = lineOf(response).trim();
      } else {
        this.#answered(name, response);
        if (response.tag === asked) tagged = response;
        if (tagged !== null && this.#due.length === 0) return { tagged, capability };
      }
    }
    return this.#fault(
      name,
      `more than ${this.#connection.limits.strayResponses} lines that nobody asked for`,
    );
  }

  #goOn(name: string, further: Buffer[]): void {
    const octets = further.shift();
    if (octets === undefined) this.#fault(name, "a continuation that nobody asked for");
    this.#connection.ask(octets);
  }

  #answered(name: string, { tag }: Tagged): void {
    const at = this.#due.indexOf(tag);
    if (at < 0) this.#fault(name, "an answer to a command that was never sent");
    this.#due.splice(at, 1);
  }

  #takeStatus(status: UntaggedStatus): void {
    if (status.status !== "BYE") return;
    const away = this.#isClear ? sentAwayInClear : sentAway;
    throw this.#connection.fail(away(this.#connection, "said goodbye", status));
  }

  /** Before STARTTLS anybody may have written the words. */
  get #isClear(): boolean {
    return this.#connection.endpoint.tls === "starttls" && !this.#connection.secure;
  }

  #fault(name: string, what: string): never {
    throw this.#connection.fail(protocolFault(this.#connection, `sent ${what} during ${name}`));
  }
}
