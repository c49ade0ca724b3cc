import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { ScriptPeer, type ScriptServer, startScriptServer } from "../../kit/script-server.ts";
import type { TlsPair } from "../stage.ts";

/** What a server says to a command, by its first word. `%` is the tag. `null`: it says nothing. */
export type Answers = Readonly<Record<string, string | null>>;

/**
 * What a server does that somebody has tampered with, or that is hostile itself: only what is not honest (`Tongue`). Each stands for a fact, not for one dialog: it is played in
 * every way that a connection can be protected.
 */
export interface HostileServer {
  /** Which of the public cases it covers, by the names that those have there; empty = one of our own. */
  readonly covers: readonly string[];
  /** What it does, after "a server that". */
  readonly does: string;
  /** Whole, with CRLF. */
  readonly greeting?: string;
  /** Comes in the same packet as the greeting. */
  readonly behindGreeting?: string;
  /** What it says where its greeting comes in clear, or without STARTTLS. */
  readonly says?: Answers;
  /** Whether TLS follows its answer to STARTTLS. With an answer of its own it does not, unless it says so; where it says that it does not, it says nothing more at all. */
  readonly beginsTls?: boolean;
  /** What it says inside TLS after STARTTLS, where that is not honest either. */
  readonly saysInside?: Answers;
  /** Sent as the first thing inside TLS after STARTTLS. */
  readonly firstInside?: string;
  readonly ends: {
    /** Where STARTTLS is required. */
    readonly starttls: End;
    /** Where the same is said in a connection that needs no STARTTLS: in clear, because somebody has asked for that, and inside TLS. */
    readonly without: End;
  };
}

/** How an attempt to log in ends: granted, or the kind of failure without its side. */
export type End = "granted" | "refused" | "protocol" | "unreachable" | "limit";

/** How an honest server of a protocol speaks, as far as a login needs it. */
export interface Tongue {
  readonly greeting: string;
  /** Sent unasked inside TLS after STARTTLS. */
  readonly firstInside: string;
  /** What asks for TLS. */
  readonly startTls: string;
  readonly clear: Answers;
  readonly inside: Answers;
  /** What a command is called, and its tag. */
  read(line: string): { readonly tag: string; readonly word: string };
  /** To a command that it does not know. */
  readonly unknown: string;
}

/** How the connection is protected, and who speaks first. */
export type Way =
  /** In clear up to STARTTLS, which the client requires. */
  | "starttls"
  /** TLS from the first octet, and the same behaviour inside. */
  | "implicit"
  /** The client expects TLS from the first octet, and hears the greeting in clear. */
  | "clear instead of TLS"
  /** In clear, as the client was told to. */
  | "none";

/** A running hostile server. */
export interface Running {
  readonly port: number;
  /** Every line that it has heard outside of TLS. */
  readonly heardInClear: readonly string[];
  /** Every line that it has heard at all. */
  readonly heard: readonly string[];
  close(): Promise<void>;
}

/** Starts it on a free port of loopback; it plays the same to every client. */
export async function startHostileServer(
  hostile: HostileServer,
  tongue: Tongue,
  way: Way,
  tls: TlsPair,
): Promise<Running> {
  const heardInClear: string[] = [];
  const heard: string[] = [];
  const context = createSecureContext({ cert: tls.cert, key: tls.key });
  const server: ScriptServer = await startScriptServer(async (peer) => {
    const first = way === "implicit" ? inTls(peer, context) : peer;
    const note = (line: string, isClear: boolean) => {
      heard.push(line);
      if (isClear) heardInClear.push(line);
    };
    await serve(new Speaker(hostile, tongue, way), first, context, note);
  });
  return { port: server.port, heardInClear, heard, close: () => server.close() };
}

function inTls(peer: ScriptPeer, secureContext: SecureContext): ScriptPeer {
  return new ScriptPeer(new TLSSocket(peer.detach().socket, { isServer: true, secureContext }));
}

/** What one server says at which point. */
class Speaker {
  readonly #hostile: HostileServer;
  readonly #tongue: Tongue;
  readonly #way: Way;

  constructor(hostile: HostileServer, tongue: Tongue, way: Way) {
    this.#hostile = hostile;
    this.#tongue = tongue;
    this.#way = way;
  }

  get startTls(): string {
    return this.#tongue.startTls;
  }

  get greeting(): string {
    const { greeting = this.#tongue.greeting, behindGreeting = "" } = this.#hostile;
    return greeting + behindGreeting;
  }

  get firstInside(): string {
    return this.#hostile.firstInside ?? this.#tongue.firstInside;
  }

  /** Whether the server now waits for the client's TLS. */
  get beginsTls(): boolean {
    const { says = {}, beginsTls = !(this.#tongue.startTls in says) } = this.#hostile;
    return beginsTls;
  }

  /** Whether it says nothing more, though it has agreed to TLS. */
  get fallsSilent(): boolean {
    return this.#hostile.beginsTls === false;
  }

  /** The whole answer to a line, and what kind of command it was. */
  answer(line: string, inside: boolean): { readonly word: string; readonly text: string } {
    const { tag, word } = this.#tongue.read(line);
    const { says = {}, saysInside = {} } = this.#hostile;
    const honest = this.#way === "starttls" && !inside ? this.#tongue.clear : this.#tongue.inside;
    const own = inside ? saysInside : says;
    const text = word in own ? own[word] : honest[word];
    return { word, text: (text === undefined ? this.#tongue.unknown : (text ?? "")).replaceAll("%", tag) };
  }
}

async function serve(
  speaker: Speaker,
  first: ScriptPeer,
  context: SecureContext,
  note: (line: string, isClear: boolean) => void,
): Promise<void> {
  let peer = first;
  let inside = false;
  peer.sendRaw(speaker.greeting);
  for (let line = await peer.line(); line !== null; line = await peer.line()) {
    const isClear = !(peer.socket instanceof TLSSocket);
    note(line, isClear);
    const { word, text } = speaker.answer(line, inside);
    peer.sendRaw(text);
    if (word !== speaker.startTls || !isClear) continue;
    if (speaker.fallsSilent) {
      note(await peer.rest(), true);
      return;
    }
    if (!speaker.beginsTls) continue;
    peer = inTls(peer, context);
    inside = true;
    peer.sendRaw(speaker.firstInside);
  }
  peer.end();
}
