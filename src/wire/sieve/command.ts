import { CommandLexer, type CommandPart, LexerStop } from "../imap/command-lexer.ts";

/** A command that is known before login (RFC 5804 §2). */
export type SieveCommand =
  | { readonly kind: "capability" }
  | { readonly kind: "logout" }
  | { readonly kind: "starttls" }
  /** `echo` is what the client wants to find in the answer (RFC 5804 §2.13). */
  | { readonly kind: "noop"; readonly echo: Buffer | null }
  | {
      readonly kind: "authenticate";
      readonly mechanism: string;
      /** The initial response as it came, in base64, perhaps empty; `null` where there is none. */
      readonly initial: Buffer | null;
    };

/** What is wrong with a command: it is none, it is one of those after login, or its arguments are wrong. */
export type BadSieveCommand = "unknown" | "too-early" | "arguments";

export type ParsedSieveCommand =
  | { readonly kind: "command"; readonly command: SieveCommand }
  | { readonly kind: "bad"; readonly why: BadSieveCommand };

/** RFC 5804 §4: command-auth. */
const AFTER_LOGIN = new Set([
  "getscript",
  "setactive",
  "listscripts",
  "deletescript",
  "putscript",
  "checkscript",
  "havespace",
  "renamescript",
  "unauthenticate",
]);

/** Reads one framed command. What it returns are copies, so the caller may wipe the parts. */
export function parseSieveCommand(parts: readonly CommandPart[]): ParsedSieveCommand {
  const lexer = new CommandLexer(parts);
  let name: string | null = null;
  try {
    name = lexer.word().toString("latin1").toLowerCase();
    if (AFTER_LOGIN.has(name)) return { kind: "bad", why: "too-early" };
    const command = readCommand(lexer, name);
    return command ? { kind: "command", command } : { kind: "bad", why: "unknown" };
  } catch (thrown) {
    if (!(thrown instanceof LexerStop)) throw thrown;
    return { kind: "bad", why: name === null ? "unknown" : "arguments" };
  }
}

/** The one string that answers a challenge (RFC 5804 §2.1), as a copy; `null` where the parts are anything else. */
export function parseSieveResponse(parts: readonly CommandPart[]): Buffer | null {
  const lexer = new CommandLexer(parts);
  let response: Buffer | null = null;
  try {
    response = lexer.string();
    lexer.end();
    return response;
  } catch (thrown) {
    if (!(thrown instanceof LexerStop)) throw thrown;
    response?.fill(0);
    return null;
  }
}

function readCommand(lexer: CommandLexer, name: string): SieveCommand | null {
  switch (name) {
    case "capability":
    case "logout":
    case "starttls":
      lexer.end();
      return { kind: name };
    case "noop":
      return { kind: name, echo: readOptional(lexer) };
    case "authenticate": {
      lexer.space();
      // RFC 5804 §4: the name of a mechanism is a string, never a bare word.
      const mechanism = lexer.string().toString("latin1");
      return { kind: name, mechanism, initial: readOptional(lexer) };
    }
    default:
      return null;
  }
}

/** `[SP string]` up to the end of the command. */
function readOptional(lexer: CommandLexer): Buffer | null {
  if (lexer.atEnd) return null;
  lexer.space();
  const value = lexer.string();
  try {
    lexer.end();
  } catch (thrown) {
    value.fill(0);
    throw thrown;
  }
  return value;
}
