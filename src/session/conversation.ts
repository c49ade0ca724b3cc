import type net from "node:net";
import type { Log } from "../log/log.ts";
import type { Login, LoginGrant, LoginRequest } from "../login/login.ts";
import { asFailure, causeChain, Failure } from "../model/failure.ts";
import type { ProtocolName } from "../model/protocol.ts";
import { ClientStream } from "../net/client-stream.ts";
import type { ServerTls } from "../net/server-tls.ts";
import { upgradeServer } from "../net/starttls.ts";
import { inPlaceOf } from "../net/target-socket.ts";
import { handOver } from "../relay/hand-over.ts";
import type { Relay } from "../relay/splice.ts";
import { LIMITS } from "../wire/limits.ts";
import { flyLogin } from "./login-flight.ts";
import {
  type Link,
  type LogIn,
  loginLimitMs,
  type Next,
  type Protocol,
  type Reader,
  type Standing,
} from "./protocol.ts";

export interface ConversationDeps {
  readonly login: Login;
  readonly log: Log;
  /** In the greeting. */
  readonly hostname: string;
  /** Names this installation in greetings. */
  readonly instance?: string | undefined;
  /** The certificate; `null` where there is none, then TLS is not offered. */
  readonly serverTls: ServerTls | null;
  /** What the target's server of a protocol offers, as far as it is known. */
  readonly offers: (protocol: ProtocolName) => readonly string[];
}

/** Who speaks, and what the listener grants. */
export interface Caller {
  readonly session: string;
  /** `via`: the load balancer that has told its address. */
  readonly client: { readonly address: string; readonly port: number; readonly via?: string };
  /** Whether a password may come without TLS. */
  readonly plaintextLogin: boolean;
  readonly startTls: boolean;
}

/** How a conversation ends. */
export type ConversationEnd =
  /** The client is logged in and joined to its mailbox. */
  | { readonly kind: "relaying"; readonly account: string; readonly domain: string; readonly relay: Relay }
  /** The connection is closed; `reason` is for the log. */
  | { readonly kind: "over"; readonly reason: string };

/** What came of it; `null` = the conversation goes on. */
type Acted = Promise<ConversationEnd | null> | ConversationEnd | null;

/** What was heard: something that the reader has made of it, or why nothing comes any more. */
type Heard<Event> = { readonly event: Event } | { readonly silence: "end" | "gone" | "stopped" };

/** One for all: an error of its own each time would be made with its stack. */
const GONE = new Error("the client is gone");

/** The part of a session in which we speak the protocol ourselves: from the greeting to the login. */
export class Conversation<State extends Standing, Event> {
  readonly #protocol: Protocol<State, Event>;
  readonly #deps: ConversationDeps;
  readonly #caller: Caller;
  /** Aborts when the process shuts down. */
  readonly #signal: AbortSignal;
  #stream: ClientStream;
  #reader: Reader<Event>;
  #state: State;
  #silent = false;
  /** The login under way. */
  #flight: AbortController | null = null;
  /** Runs while the client may take its time. */
  #patience: NodeJS.Timeout | undefined;
  /** Time that was ours, not the client's: the login's own steps have their own bounds. */
  #loginsMs = 0;
  readonly #startedMs = performance.now();

  constructor(
    protocol: Protocol<State, Event>,
    deps: ConversationDeps,
    caller: Caller,
    socket: net.Socket,
    secure: boolean,
    signal: AbortSignal,
  ) {
    this.#protocol = protocol;
    this.#deps = deps;
    this.#caller = caller;
    this.#signal = signal;
    this.#stream = streamOf(socket);
    this.#reader = protocol.newReader();
    this.#state = protocol.begin(this.#link(secure));
  }

  /**
   * Speaks until the client is logged in or gone.
   * @throws {ConnectError} when the handshake of STARTTLS fails; the connection is closed then
   */
  async run(): Promise<ConversationEnd> {
    const onAbort = () => {
      this.#stream.stop();
      this.#flight?.abort(this.#signal.reason);
    };
    this.#signal.addEventListener("abort", onAbort);
    this.#bePatient();
    try {
      await this.#say(this.#protocol.greeting(this.#state));
      for (let commands = 0; commands < LIMITS.commands; commands += 1) {
        // What is there already, and is answered at once, waits for nothing.
        const acted = this.#act(this.#heard() ?? (await this.#hear()));
        const end = acted instanceof Promise ? await acted : acted;
        if (end) return end;
      }
      return await this.#end(this.#protocol.lastWords.idle, "too many commands");
    } finally {
      clearTimeout(this.#patience);
      this.#signal.removeEventListener("abort", onAbort);
    }
  }

  #act(heard: Heard<Event>): Acted {
    if ("event" in heard) return this.#perform(this.#take(this.#protocol.step(this.#state, heard.event)));
    const { lastWords } = this.#protocol;
    switch (heard.silence) {
      case "stopped":
        return this.#signal.aborted
          ? this.#end(lastWords.shutdown, "shutdown")
          : this.#end(lastWords.idle, "idle before login");
      case "end":
      case "gone":
        return this.#end("", "client left before login");
    }
  }

  #take([state, next]: [State, Next]): Next {
    const isOtherLimit = loginLimitMs(state) !== loginLimitMs(this.#state);
    this.#state = state;
    if (isOtherLimit) this.#bePatient();
    return next;
  }

  #perform(next: Next): Acted {
    switch (next.kind) {
      case "say":
        return this.#say(next.text);
      case "challenge":
        this.#reader.expectResponse();
        return this.#say(next.text);
      case "refuse-literal":
        this.#reader.refuseLiteral?.();
        return this.#say(next.text);
      case "close":
        return this.#end(next.text, next.why);
      case "start-tls":
        return this.#startTls(next.text);
      case "log-in":
        return this.#logIn(next);
    }
  }

  async #logIn({ tag, credentials, hello, utf8, hops }: LogIn): Promise<ConversationEnd | null> {
    const begunMs = performance.now();
    const { session, client } = this.#caller;
    const { user, password, authzid } = credentials;
    const request: LoginRequest = {
      protocol: this.#protocol.name,
      user,
      password,
      authzid,
      client: { ...client, tls: this.#state.link.secure },
      tlsInUse: () => this.#stream.tlsInUse(),
      session,
      hello,
      hops,
      utf8,
    };
    const flight = new AbortController();
    this.#flight = flight;
    clearTimeout(this.#patience);
    this.#stream.whenGone(() => flight.abort(GONE));
    if (this.#signal.aborted) flight.abort(this.#signal.reason);
    try {
      const grant = await flyLogin(this.#deps.login, request, flight);
      const { account, domain } = grant;
      return { kind: "relaying", account, domain, relay: this.#join(tag, grant) };
    } catch (thrown) {
      this.#flight = null;
      this.#stream.whenGone(null);
      this.#loginsMs += performance.now() - begunMs;
      this.#bePatient();
      if (!(thrown instanceof Failure) && !flight.signal.aborted) this.#logFault(thrown);
      const { kind } = asFailure(thrown);
      return this.#perform(this.#take(this.#protocol.stepAfterFailure(this.#state, tag, kind)));
    }
  }

  /**
   * Joins client and mailbox in one turn of the event loop: between detaching and splicing nobody listens to the sockets.
   * @throws {Failure} when the target is lost already; the client can still be told then
   */
  #join(tag: string, grant: LoginGrant): Relay {
    const target = grant.target.detach();
    const { socket, unread } = this.#stream.detach();
    const client = { socket, unread: Buffer.concat([this.#reader.takeRest(), unread]) };
    return handOver(
      client,
      { socket: target.socket, unread: target.leftover, inPlace: inPlaceOf(target.socket) },
      this.#protocol.loggedIn(tag, grant),
    );
  }

  #logFault(thrown: unknown): void {
    const { session } = this.#caller;
    const fields = { event: "login.unavailable", session, causes: causeChain(thrown) };
    this.#deps.log.error(fields, "A login failed in a way that nobody foresaw.");
  }

  async #startTls(text: string): Promise<ConversationEnd | null> {
    const context = this.#deps.serverTls;
    const { socket, unread } = this.#stream.detach();
    // Octets behind STARTTLS would be taken for the client's own inside TLS (CVE-2011-0411): not even an answer.
    const early = Buffer.concat([this.#reader.takeRest(), unread]);
    if (context === null || early.length + socket.readableLength > 0) {
      socket.destroy();
      return { kind: "over", reason: "octets in clear behind STARTTLS" };
    }
    socket.write(text, "latin1");
    const options = { handshakeLimitMs: LIMITS.handshakeMs, signal: this.#signal };
    this.#stream = streamOf(await upgradeServer(socket, context, this.#protocol.name, early, options));
    this.#reader = this.#protocol.newReader();
    this.#state = this.#protocol.begin(this.#link(true), this.#state.mistakes);
    this.#bePatient();
    if (this.#protocol.greetsAgain) await this.#say(this.#protocol.greeting(this.#state));
    return null;
  }

  /** The next thing that the client says, or why it says nothing more. */
  async #hear(): Promise<Heard<Event>> {
    for (;;) {
      const known = this.#heard();
      if (known !== null) return known;
      const heard = await this.#stream.read();
      if (heard.kind !== "octets") return { silence: heard.kind };
      this.#reader.push(heard.octets);
    }
  }

  /** What has been said already; `null` = it has to be waited for. */
  #heard(): Heard<Event> | null {
    if (this.#signal.aborted || this.#silent) return { silence: "stopped" };
    const event = this.#reader.next();
    return event === undefined ? null : { event };
  }

  #say(text: string): Promise<null> | null {
    return this.#stream.write(text)?.then(() => null) ?? null;
  }

  async #end(lastWords: string, reason: string): Promise<ConversationEnd> {
    await this.#stream.finish(lastWords);
    return { kind: "over", reason };
  }

  /** Waits for the client from now on as long as it may still take to log in: one clock for all waits, begun anew where that has changed. */
  #bePatient(): void {
    const spentMs = performance.now() - this.#startedMs - this.#loginsMs;
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      this.#silent = true;
      this.#stream.stop();
    }, loginLimitMs(this.#state) - spentMs);
  }

  #link(secure: boolean): Link {
    const { hostname, instance, serverTls, offers } = this.#deps;
    return {
      secure,
      startTlsOffered: !secure && this.#caller.startTls && serverTls !== null,
      loginAllowed: secure || this.#caller.plaintextLogin,
      hostname,
      instance,
      offers: offers(this.#protocol.name),
    };
  }
}

function streamOf(socket: net.Socket): ClientStream {
  return new ClientStream(socket, LIMITS);
}
