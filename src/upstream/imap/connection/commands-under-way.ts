import {
  parseResponse,
  type Tagged,
  type Untagged,
  type UntaggedStatus,
} from "../../../wire/imap/response.ts";
import { type ReaderEvent, ResponseError } from "../../../wire/imap/response-reader.ts";
import type { LiteralSink, PendingCommand } from "./pending-command.ts";

/** The server says goodbye and nobody expected it (RFC 9051 §7.1.5): it closes the connection. */
export class ByeError extends Error {
  override readonly name = "ByeError";
  readonly said: UntaggedStatus;

  constructor(said: UntaggedStatus) {
    super("the server said BYE");
    this.said = said;
  }
}

/** What is done with a continuation and with an answer, besides telling the command. */
export interface UnderWayHooks {
  /** False when nobody waits for a continuation. */
  readonly onContinuation: () => boolean;
  readonly onAnswer: (command: PendingCommand) => void;
}

/** The commands that are sent and not yet answered, and the one place that decides which of them a response is for. */
export class CommandsUnderWay {
  readonly #hooks: UnderWayHooks;
  readonly #strayLimit: () => number;
  /** In the order in which they are written. */
  #commands: PendingCommand[] = [];
  #strays = 0;
  #sink: LiteralSink | null = null;

  constructor(hooks: UnderWayHooks, strayLimit: () => number) {
    this.#hooks = hooks;
    this.#strayLimit = strayLimit;
  }

  get count(): number {
    return this.#commands.length;
  }

  /** Whether the server owes an answer: to a command that it has whole. */
  get isAnswerDue(): boolean {
    return this.#commands.some((command) => command.progress === "written");
  }

  /** Names of the commands that have been written in part at least, for errors. */
  get names(): string[] {
    return [...new Set(this.#begun().map((command) => command.outgoing.name))];
  }

  add(command: PendingCommand): void {
    this.#commands.push(command);
  }

  /** A command is both answered and done with the writer. */
  remove(command: PendingCommand): void {
    this.#commands = this.#commands.filter((other) => other !== command);
    this.#strays = 0;
  }

  failAll(error: Error): void {
    for (const command of this.#commands) command.fail(error);
    this.#commands = [];
  }

  /**
   * Hands an event to the command that expects it. A promise = nothing more may be read until it settles.
   * @throws {ResponseError} for what no server may send; {ByeError}; what a command's own handler throws
   */
  take(event: ReaderEvent): Promise<void> | undefined {
    switch (event.kind) {
      case "literal-start":
        this.#sink = this.#findSink(event);
        return undefined;
      case "literal-piece":
        return this.#sink?.(event.piece);
      case "literal-end":
        this.#sink = null;
        return undefined;
      case "response": {
        const response = parseResponse(event.parts);
        if (response.kind === "tagged") return this.#takeAnswer(response);
        if (response.kind !== "continuation") return this.#takeUntagged(response);
        if (!this.#hooks.onContinuation()) throw new ResponseError("a continuation that nobody asked for");
        return undefined;
      }
    }
  }

  #findSink(event: ReaderEvent & { readonly kind: "literal-start" }): LiteralSink {
    const start = parseResponse(event.parts);
    if (start.kind === "data") {
      for (const command of this.#begun()) {
        const sink = command.expecting.literal?.(start, event.size);
        if (sink) return sink;
      }
    }
    throw new ResponseError(`a literal of ${event.size} octets that nobody asked for`);
  }

  #takeUntagged(response: Untagged): Promise<void> | undefined {
    for (const command of this.#commands) {
      if (command.progress === "waiting" || command.answered) continue;
      const taken = command.expecting.untagged?.(response);
      if (taken === true) return undefined;
      if (taken instanceof Promise) return taken;
    }
    if (response.kind === "status" && response.status === "BYE") throw new ByeError(response);
    this.#strays += 1;
    if (this.#strays > this.#strayLimit())
      throw new ResponseError(`more than ${this.#strayLimit()} lines that nobody asked for`);
    return undefined;
  }

  #takeAnswer(response: Tagged): undefined {
    const command = this.#begun().find((begun) => begun.tag === response.tag);
    if (command === undefined) throw new ResponseError("an answer to a command that was never sent");
    // A refusal may come while a literal is still being sent; it must be sent whole nevertheless (RFC 7888 §4).
    if (command.progress === "begun" && response.status === "OK")
      throw new ResponseError("an answer before the whole command was sent");
    command.answer(response);
    this.#hooks.onAnswer(command);
    if (command.progress === "written") this.remove(command);
    return undefined;
  }

  #begun(): PendingCommand[] {
    return this.#commands.filter((command) => command.progress !== "waiting" && !command.answered);
  }
}
