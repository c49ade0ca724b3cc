import { randomUUID } from "node:crypto";
import type net from "node:net";
import type { Duplex } from "node:stream";
import type tls from "node:tls";
import { invariant } from "../../../kit/invariant.ts";
import type { Endpoint } from "../../../model/endpoint.ts";
import { asFailure, Failure } from "../../../model/failure.ts";
import { DeflateError } from "../../../net/deflate-stream.ts";
import { parseResponse, type UntaggedStatus } from "../../../wire/imap/response.ts";
import { type ReaderEvent, ResponseError } from "../../../wire/imap/response-reader.ts";
import { protocolFault, sentAway, unreachable } from "../../failures.ts";
import type { UpstreamLimits } from "../../limits.ts";
import type { Side } from "../../side.ts";
import { capabilitiesIn } from "../capability-words.ts";
import { CommandWriter } from "./command-writer.ts";
import { ByeError, CommandsUnderWay } from "./commands-under-way.ts";
import type { Outgoing } from "./outgoing.ts";
import { type Expecting, type Handle, PendingCommand } from "./pending-command.ts";
import { ResponseLoop } from "./response-loop.ts";
import { type SocketEnds, socketEnds } from "./socket-ends.ts";

/**
 * What a connection leaves to the relay. The socket is paused and has no listener of ours: whoever takes it listens for `error` at once and
 * calls `resume()` when ready.
 */
export interface Detached {
  readonly socket: net.Socket | tls.TLSSocket;
  /** What the server has sent behind the last answer: it belongs to whoever reads next, first. */
  readonly leftover: Buffer;
}

export interface ConnectionDeps {
  readonly socket: net.Socket | tls.TLSSocket;
  /** What is spoken over where it is not the socket itself: compression. */
  readonly stream?: Duplex;
  readonly side: Side;
  readonly endpoint: Endpoint;
  /** Those before login, and those after. */
  readonly limits: { readonly before: UpstreamLimits; readonly after: UpstreamLimits };
}

type End = { readonly kind: "failed"; readonly failure: Failure } | { readonly kind: "detached" };

/**
 * One IMAP connection that we opened. `send` returns a handle at once, so several commands can be under way.
 *
 * The socket is read only while a command is: what a server says unasked stays where it is until the next command, or goes to
 * whoever gets the socket. The first failure ends the connection and every command with it.
 */
export class ImapConnection {
  readonly side: Side;
  readonly endpoint: Endpoint;
  /** Both ends as `address:port`, IPv6 in brackets; `null` for what is no TCP connection. */
  readonly addresses: SocketEnds | null;
  readonly #socket: net.Socket | tls.TLSSocket;
  readonly #stream: Duplex;
  readonly #limits: ConnectionDeps["limits"];
  readonly #loop: ResponseLoop;
  readonly #writer: CommandWriter;
  readonly #underWay: CommandsUnderWay;
  readonly #closed = Promise.withResolvers<void>();
  /** Unpredictable, so that nobody can answer a command before it is sent. */
  readonly #tagPrefix = randomUUID().slice(0, 8);
  #lastTag = 0;
  #loggedIn = false;
  #capabilities: ReadonlySet<string> = new Set();
  #enabled: ReadonlySet<string> = new Set();
  #greeting: PromiseWithResolvers<UntaggedStatus> | null = null;
  /** The writer's queue. */
  #turn: Promise<void> = Promise.resolve();
  #silence: NodeJS.Timeout | null = null;
  #end: End | null = null;

  constructor(deps: ConnectionDeps) {
    this.side = deps.side;
    this.endpoint = deps.endpoint;
    this.#limits = deps.limits;
    this.#socket = deps.socket;
    this.#stream = deps.stream ?? deps.socket;
    this.addresses = socketEnds(deps.socket);
    this.#writer = new CommandWriter(this.#stream, (capability) => this.has(capability));
    this.#underWay = new CommandsUnderWay(this.#writer, () => this.limits.strayResponses);
    this.#loop = new ResponseLoop(this.#stream, this.limits.reader, {
      wanted: () => this.#end === null && (this.#underWay.count > 0 || this.#greeting !== null),
      take: (event) =>
        this.#greeting === null ? this.#underWay.take(event) : this.#takeGreeting(this.#greeting, event),
      failed: (error) => this.#failBy(error),
      ended: () => this.#onClose(),
      moved: () => void this.#silence?.refresh(),
    });
    this.#stream.on("drain", this.#onDrain);
    this.#stream.on("error", this.#onError);
    this.#stream.on("close", this.#onClose);
  }

  /** Upper case; none before the first CAPABILITY. */
  get capabilities(): ReadonlySet<string> {
    return this.#capabilities;
  }

  /** Whether it may be used, as far as anybody knows. */
  get isOpen(): boolean {
    return this.#end === null;
  }

  /** Whether nothing is asked of the server. */
  get isIdle(): boolean {
    return this.#underWay.count === 0;
  }

  /** Whether the server offers an extension, for example `LITERAL+`. */
  has(capability: string): boolean {
    return this.#capabilities.has(capability.toUpperCase());
  }

  /** Keeps what the server offers from now on: words with spaces between them. */
  setCapabilities(text: string): void {
    this.#capabilities = capabilitiesIn(text);
  }

  /** Extensions that the server has switched on for this connection (RFC 5161), in upper case. */
  get enabled(): ReadonlySet<string> {
    return this.#enabled;
  }

  /** The server has switched these on, besides those before. */
  addEnabled(words: readonly string[]): void {
    this.#enabled = new Set([...this.#enabled, ...words]);
  }

  get limits(): UpstreamLimits {
    return this.#loggedIn ? this.#limits.after : this.#limits.before;
  }

  /** The login was accepted: from now on the bounds hold that a server needs which knows us. */
  setLoggedIn(): void {
    this.#loggedIn = true;
    this.#loop.useLimits(this.limits.reader);
  }

  /** Settles, and never rejects, when the connection is gone or given away. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** The server's first response. @throws {Failure} when there is none, or when it is no greeting */
  greeting(): Promise<UntaggedStatus> {
    const greeting = Promise.withResolvers<UntaggedStatus>();
    if (this.#end?.kind === "failed") greeting.reject(this.#end.failure);
    else this.#greeting = greeting;
    this.#loop.run();
    return greeting.promise;
  }

  /** Sends a command when those before it are written. Untagged data go to the first command under way that expects them. */
  send(outgoing: Outgoing, expecting: Expecting = {}): Handle {
    this.#lastTag += 1;
    const command = new PendingCommand(`${this.#tagPrefix}${this.#lastTag}`, outgoing, expecting);
    invariant(this.#end?.kind !== "detached", "a connection that was given away takes no commands");
    if (this.#end !== null) {
      command.fail(this.#end.failure);
      return command;
    }
    // What was silence before was idleness.
    if (this.#underWay.count === 0) this.#silence?.refresh();
    this.#underWay.add(command);
    this.#turn = this.#turn.then(() => this.#write(command));
    this.#silence ??= setTimeout(this.#onSilence, this.limits.silenceLimitMs);
    this.#loop.run();
    return command;
  }

  /** Up to now nothing was due from the server: its silence counts from here. */
  excuseSilence(): void {
    this.#silence?.refresh();
  }

  /** Ends the connection at once. Commands under way fail. */
  close(): void {
    this.fail(unreachable(this, "was left: imbarco closed the connection"));
  }

  /** Ends the connection for a reason, which every command under way gets. */
  fail(failure: Failure): void {
    if (this.#end !== null) return;
    this.#end = { kind: "failed", failure };
    this.#stopWatching();
    this.#writer.abort(failure);
    this.#underWay.failAll(failure);
    this.#greeting?.reject(failure);
    this.#stream.destroy();
  }

  /**
   * Gives the socket away, to the relay or to TLS. No command may be under way, and compression cannot be left.
   * @throws {Failure} when the connection is lost already
   */
  detach(): Detached {
    if (this.#end?.kind === "failed") throw this.#end.failure;
    invariant(this.#end === null && this.#underWay.count === 0, "only an idle connection can be given away");
    invariant(this.#stream === this.#socket, "a compressed connection cannot be given away");
    this.#end = { kind: "detached" };
    this.#stopWatching();
    this.#stream.off("drain", this.#onDrain);
    this.#stream.off("error", this.#onError);
    this.#stream.off("close", this.#onClose);
    this.#closed.resolve();
    return { socket: this.#socket, leftover: this.#loop.stop() };
  }

  /**
   * A connection with the same server, bounds and state that goes on over `layer`, made from what this one gives away.
   * @throws {Failure} when the connection is lost already
   */
  goOnOver(layer: (detached: Detached) => Duplex): ImapConnection {
    const detached = this.detach();
    const { side, endpoint } = this;
    const own = { side, endpoint, limits: this.#limits, socket: detached.socket };
    const next = new ImapConnection({ ...own, stream: layer(detached) });
    next.#capabilities = this.#capabilities;
    next.#enabled = this.#enabled;
    if (this.#loggedIn) next.setLoggedIn();
    return next;
  }

  async #write(command: PendingCommand): Promise<void> {
    if (this.#end !== null) return;
    const { name, limitMs = this.limits.commandLimitMs } = command.outgoing;
    if (limitMs !== null) {
      command.startClock(limitMs, () =>
        this.fail(unreachable(this, `did not answer ${name} within ${limitMs / 1000} s`)),
      );
    }
    try {
      await this.#writer.write(command);
      command.settleSent();
    } catch (error) {
      this.#failBy(error);
    }
    command.progress = "written";
    if (command.answered) this.#underWay.remove(command);
  }

  #takeGreeting(greeting: PromiseWithResolvers<UntaggedStatus>, event: ReaderEvent): undefined {
    const response = event.kind === "response" ? parseResponse(event.parts) : null;
    if (response?.kind !== "status") throw new ResponseError("something else than a greeting");
    this.#greeting = null;
    greeting.resolve(response);
    return undefined;
  }

  /** Ends the connection for whatever was thrown. */
  #failBy(error: unknown): void {
    if (error instanceof Failure) this.fail(error);
    else if (error instanceof ByeError) this.fail(sentAway(this, "said goodbye", error.said));
    else if (error instanceof ResponseError)
      this.fail(protocolFault(this, `sent ${error.message}${this.#during()}`, error));
    else this.fail(asFailure(error));
  }

  readonly #onDrain = (): void => {
    this.#silence?.refresh();
    this.#writer.onDrain();
  };

  readonly #onError = (error: Error): void => {
    if (error instanceof DeflateError)
      this.fail(protocolFault(this, `sent what cannot be decompressed${this.#during()}`, error));
    this.fail(unreachable(this, `broke the connection${this.#during()}`, error));
  };

  readonly #onClose = (): void => {
    this.fail(unreachable(this, `closed the connection${this.#during()}`));
    this.#closed.resolve();
  };

  readonly #onSilence = (): void => {
    this.#silence = null;
    if (this.#underWay.count === 0) return;
    const awaitsUs = this.#writer.awaitsProducer && !this.#underWay.isAnswerDue;
    const ours = this.#loop.consumerBusy || awaitsUs;
    if (ours) this.#silence = setTimeout(this.#onSilence, this.limits.silenceLimitMs);
    else
      this.fail(unreachable(this, `fell silent for ${this.limits.silenceLimitMs / 1000} s${this.#during()}`));
  };

  #stopWatching(): void {
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = null;
  }

  #during(): string {
    const names = this.#underWay.names;
    return names.length === 0 ? "" : ` during ${names.join(", ")}`;
  }
}
