import { Secret } from "../../kit/secret.ts";
import { LIMITS } from "../limits.ts";
import type { Credentials } from "../sasl.ts";
import { CommandLexer, type CommandPart, LexerStop } from "./command-lexer.ts";

/** A command that is known before login (RFC 9051 §6.1, §6.2; RFC 2971 for ID). */
export type Command =
  | { readonly kind: "capability"; readonly tag: string }
  | { readonly kind: "noop"; readonly tag: string }
  | { readonly kind: "logout"; readonly tag: string }
  | { readonly kind: "starttls"; readonly tag: string }
  | { readonly kind: "id"; readonly tag: string; readonly pairs: readonly IdPair[] }
  | { readonly kind: "login"; readonly tag: string; readonly credentials: Credentials }
  | {
      readonly kind: "authenticate";
      readonly tag: string;
      readonly mechanism: string;
      /** The initial response as it came, in base64 (RFC 4959); `null` where there is none. */
      readonly initial: Buffer | null;
    };

/** What a client says about itself. */
export interface IdPair {
  readonly field: Buffer;
  readonly value: Buffer | null;
}

/** What is wrong with a command: its tag, its name, or what follows. */
export type BadCommand = "tag" | "unknown" | "arguments";

export type ParsedCommand =
  | { readonly kind: "command"; readonly command: Command }
  /** `tag` is `null` where there was none to answer to. */
  | { readonly kind: "bad"; readonly tag: string | null; readonly why: BadCommand }
  /** All is well so far and the client waits to be asked for a synchronizing literal. */
  | { readonly kind: "awaiting"; readonly tag: string; readonly command: "login" | "id" };

/**
 * Reads one framed command. What it returns are copies, so the caller may wipe the parts.
 * Only what may come before login is known; everything else is `unknown`.
 */
export function parseCommand(parts: readonly CommandPart[]): ParsedCommand {
  const lexer = new CommandLexer(parts);
  let tag: string | null = null;
  let name: string | null = null;
  try {
    tag = lexer.tag();
    lexer.space();
    name = lexer.word().toString("latin1").toLowerCase();
    const command = readCommand(lexer, tag, name);
    return command ? { kind: "command", command } : { kind: "bad", tag, why: "unknown" };
  } catch (thrown) {
    if (!(thrown instanceof LexerStop)) throw thrown;
    if (tag === null) return { kind: "bad", tag, why: "tag" };
    if (thrown.why === "awaited" && (name === "login" || name === "id"))
      return { kind: "awaiting", tag, command: name };
    return { kind: "bad", tag, why: name === null ? "unknown" : "arguments" };
  }
}

/** The tag of a command that was given up before its end, to answer to; `null` where it has none. */
export function tagOf(parts: readonly CommandPart[]): string | null {
  try {
    return new CommandLexer(parts).tag();
  } catch (thrown) {
    if (thrown instanceof LexerStop) return null;
    throw thrown;
  }
}

function readCommand(lexer: CommandLexer, tag: string, name: string): Command | null {
  switch (name) {
    case "capability":
    case "noop":
    case "logout":
    case "starttls":
      lexer.end();
      return { kind: name, tag };
    case "id":
      return { kind: name, tag, pairs: readId(lexer) };
    case "login":
      return { kind: name, tag, credentials: readLogin(lexer) };
    case "authenticate":
      return { kind: name, tag, ...readAuthenticate(lexer) };
    default:
      return null;
  }
}

/** RFC 9051 §6.2.3: `LOGIN SP userid SP password`, both astrings, nothing behind. */
function readLogin(lexer: CommandLexer): Credentials {
  lexer.space();
  const user = lexer.astring();
  lexer.space();
  const password = new Secret(lexer.astring());
  try {
    lexer.end();
    if (user.length > LIMITS.credentialOctets || password.length > LIMITS.credentialOctets)
      throw new LexerStop("syntax");
  } catch (thrown) {
    password.wipe();
    throw thrown;
  }
  return { user, password, authzid: null };
}

/** RFC 9051 §6.2.2 with the initial response of RFC 4959 §3. */
function readAuthenticate(lexer: CommandLexer): { mechanism: string; initial: Buffer | null } {
  lexer.space();
  const mechanism = lexer.word().toString("latin1");
  if (lexer.atEnd) return { mechanism, initial: null };
  lexer.space();
  const initial = lexer.word();
  try {
    lexer.end();
  } catch (thrown) {
    initial.fill(0);
    throw thrown;
  }
  return { mechanism, initial };
}

/** RFC 2971 §3.1: `ID SP (NIL / "(" [string SP nstring *(SP string SP nstring)] ")")`. */
function readId(lexer: CommandLexer): IdPair[] {
  const pairs: IdPair[] = [];
  lexer.space();
  if (!lexer.opens()) {
    lexer.nil();
    lexer.end();
    return pairs;
  }
  while (!lexer.closes()) {
    if (pairs.length === LIMITS.idPairs) throw new LexerStop("syntax");
    if (pairs.length > 0) lexer.space();
    const field = lexer.string();
    lexer.space();
    pairs.push({ field, value: lexer.nstring() });
  }
  lexer.end();
  return pairs;
}
