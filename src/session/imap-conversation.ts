import type net from "node:net";
import type tls from "node:tls";
import type { Log } from "../log/log.ts";
import type { Login, LoginGrant } from "../login/login.ts";
import { asFailure, causeChain, Failure } from "../model/failure.ts";
import { ClientStream } from "../net/client-stream.ts";
import { upgradeServer } from "../net/starttls.ts";
import type { HandedOver } from "../relay/hand-over.ts";
import { CommandReader, type ReaderEvent } from "../wire/imap/command-reader.ts";
import { LIMITS } from "../wire/limits.ts";
import type { Credentials } from "../wire/sasl.ts";
import * as answers from "./answers.ts";
import { begin, type ImapState, loginLimitMs, type Next, step, stepAfterFailure } from "./imap-step.ts";

export interface ConversationDeps {
  readonly login: Login;
  readonly log: Log;
  /** In the greeting. */
  readonly hostname: string;
  /** The certificate; `null` where there is none, then TLS is not offered. */
  readonly serverContext: tls.SecureContext | null;
}

/** Who speaks, and what the listener grants. */
export interface Caller {
  readonly session: string;
  readonly client: { readonly address: string; readonly port: number };
  /** Whether a password may come without TLS. */
  readonly plaintextLogin: boolean;
  readonly startTls: boolean;
}

/** How a conversation ends. */
export type ConversationEnd =
  /** The mailbox is open; the client waits for `answer`, which opens the relay. */
  | { readonly kind: "granted"; readonly grant: LoginGrant; readonly answer: string }
  /** The connection is closed; `reason` is for the log. */
  | { readonly kind: "over"; readonly reason: string };

type Event = ReaderEvent | { readonly kind: "end" | "gone" | "stopped" };
type Outcome = LoginGrant | Failure;

/** The part of a session in which we speak the protocol ourselves: from the greeting to the login. */
export class ImapConversation {
  readonly #deps: ConversationDeps;
  readonly #caller: Caller;
  /** Aborts when the process shuts down. */
  readonly #signal: AbortSignal;
  #stream: ClientStream;
  #reader = new CommandReader();
  #state: ImapState;
  #silent = false;
  /** Time that was ours, not the client's: the login's own steps have their own bounds. */
  #loginsMs = 0;
  readonly #startedMs = performance.now();

  constructor(
    deps: ConversationDeps,
    caller: Caller,
    socket: net.Socket,
    secure: boolean,
    signal: AbortSignal,
  ) {
    this.#deps = deps;
    this.#caller = caller;
    this.#signal = signal;
    this.#stream = streamOf(socket);
    this.#state = begin(this.#link(secure));
  }

  /**
   * Speaks until the client is logged in or gone.
   * @throws {ConnectError} when the handshake of STARTTLS fails; the connection is closed then
   */
  async run(): Promise<ConversationEnd> {
    const onAbort = () => this.#stream.stop();
    this.#signal.addEventListener("abort", onAbort);
    try {
      await this.#say(answers.greeting(this.#deps.hostname, this.#state.link));
      for (;;) {
        const event = await this.#patiently(() => this.#hear());
        const end = await this.#act(event);
        if (end) return end;
      }
    } finally {
      this.#signal.removeEventListener("abort", onAbort);
    }
  }

  /** Gives the client away after `granted`, with everything that it sent behind its login. */
  release(): HandedOver {
    const { socket, unread } = this.#stream.detach();
    return { socket, unread: Buffer.concat([this.#reader.takeRest(), unread]) };
  }

  async #act(event: Event): Promise<ConversationEnd | null> {
    switch (event.kind) {
      case "stopped":
        return this.#signal.aborted
          ? this.#end(answers.BYE_SHUTDOWN, "shutdown")
          : this.#end(answers.BYE_IDLE, "idle before login");
      case "end":
      case "gone":
        return this.#end("", "client left before login");
      default: {
        const [state, next] = step(this.#state, event);
        this.#state = state;
        return this.#perform(next);
      }
    }
  }

  async #perform(next: Next): Promise<ConversationEnd | null> {
    switch (next.kind) {
      case "say":
        await this.#say(next.text);
        return null;
      case "challenge":
        this.#reader.expectResponse();
        await this.#say(next.text);
        return null;
      case "refuse-literal":
        this.#reader.refuseLiteral();
        await this.#say(next.text);
        return null;
      case "close":
        return this.#end(next.text, next.why);
      case "start-tls":
        return this.#startTls(next.text);
      case "log-in":
        return this.#logIn(next.tag, next.credentials);
    }
  }

  async #logIn(tag: string, credentials: Credentials): Promise<ConversationEnd | null> {
    const begunMs = performance.now();
    const outcome = await this.#ask(credentials);
    this.#loginsMs += performance.now() - begunMs;
    if (!(outcome instanceof Failure))
      return { kind: "granted", grant: outcome, answer: answers.loggedIn(tag, outcome.capability) };
    const [state, next] = stepAfterFailure(this.#state, tag, outcome.kind);
    this.#state = state;
    return this.#perform(next);
  }

  /** Asks for the mailbox; gives up, and takes no grant any more, when the client or the process does. */
  async #ask(credentials: Credentials): Promise<Outcome> {
    const limit = new AbortController();
    const signal = AbortSignal.any([this.#signal, this.#stream.gone, limit.signal]);
    const timer = setTimeout(() => {
      limit.abort(
        new Failure("internal", `a login took longer than ${LIMITS.loginFlightMs} ms (loginFlightMs)`),
      );
    }, LIMITS.loginFlightMs);
    const { session, client } = this.#caller;
    const request = {
      protocol: "imap",
      ...credentials,
      client: { ...client, tls: this.#state.link.secure },
      session,
    } as const;
    const asked = this.#deps.login(request, signal).finally(() => {
      // Only now: wiped any earlier, a login that is still at work would store zeros for a password.
      credentials.password.wipe();
      clearTimeout(timer);
    });
    try {
      return await unlessAborted(asked, signal);
    } catch (thrown) {
      asked.then((grant) => grant.target.close(), alreadyThrown);
      if (!(thrown instanceof Failure) && !signal.aborted)
        this.#deps.log.error(
          { event: "login.unavailable", causes: causeChain(thrown) },
          "A login failed in an unforeseen way.",
        );
      return asFailure(thrown);
    }
  }

  async #startTls(text: string): Promise<ConversationEnd | null> {
    const context = this.#deps.serverContext;
    const { socket, unread } = this.#stream.detach();
    // Octets behind STARTTLS would be taken for the client's own inside TLS (CVE-2011-0411): not even an answer.
    const early = Buffer.concat([this.#reader.takeRest(), unread]);
    if (context === null || early.length + socket.readableLength > 0) {
      socket.destroy();
      return { kind: "over", reason: "octets in clear behind STARTTLS" };
    }
    socket.write(text, "latin1");
    const options = { handshakeLimitMs: LIMITS.handshakeMs, signal: this.#signal };
    this.#stream = streamOf(await upgradeServer(socket, context, early, options));
    this.#reader = new CommandReader();
    this.#state = begin(this.#link(true), this.#state.mistakes);
    return null;
  }

  /** The next thing that the client says, or why it says nothing more. */
  async #hear(): Promise<Event> {
    for (;;) {
      if (this.#signal.aborted || this.#silent) return { kind: "stopped" };
      const event = this.#reader.next();
      if (event) return event;
      const heard = await this.#stream.read();
      if (heard.kind !== "octets") return heard;
      this.#reader.push(heard.octets);
    }
  }

  async #say(text: string): Promise<void> {
    await this.#patiently(() => this.#stream.write(text));
  }

  async #end(lastWords: string, reason: string): Promise<ConversationEnd> {
    await this.#stream.finish(lastWords);
    return { kind: "over", reason };
  }

  /** Waits for the client, as long as it may still take to log in. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    const spentMs = performance.now() - this.#startedMs - this.#loginsMs;
    const timer = setTimeout(() => {
      this.#silent = true;
      this.#stream.stop();
    }, loginLimitMs(this.#state) - spentMs);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
    }
  }

  #link(secure: boolean): answers.Link {
    const startTlsOffered = !secure && this.#caller.startTls && this.#deps.serverContext !== null;
    return { secure, startTlsOffered, loginAllowed: secure || this.#caller.plaintextLogin };
  }
}

function streamOf(socket: net.Socket): ClientStream {
  return new ClientStream(socket, LIMITS);
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function alreadyThrown(): void {
  // The conversation has gone on with this failure, or with the abort that caused it.
}
