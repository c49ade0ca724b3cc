import { Secret } from "../../kit/secret.ts";
import { LIMITS } from "../limits.ts";

/** The commands that may come before login; the others have no names here. */
export type Command =
  /** RFC 2449 §5. */
  | { readonly kind: "capa" }
  /** RFC 2595 §4. */
  | { readonly kind: "stls" }
  | { readonly kind: "quit" }
  /** RFC 6856 §2.1. */
  | { readonly kind: "utf8" }
  | { readonly kind: "user"; readonly name: Buffer }
  | { readonly kind: "pass"; readonly password: Secret }
  /** RFC 5034 §4. `initial` as it came; `null` where the client wants to be asked. */
  | { readonly kind: "auth"; readonly mechanism: string; readonly initial: Buffer | null }
  /** AUTH alone: which mechanisms there are. No RFC has it any more, and Outlook and many servers know it. */
  | { readonly kind: "mechanisms" };

/** What is wrong with a line: nothing that may be said here, or an argument that is not as it should be. */
export type BadCommand = "unknown" | "arguments";

export type ParsedCommand =
  | { readonly kind: "command"; readonly command: Command }
  | { readonly kind: "bad"; readonly why: BadCommand };

const SPACE = 0x20;
const NUL = 0;
/** RFC 1939 §3: keywords have three or four letters; AUTH's mechanisms twenty (RFC 4422 §3.1). */
const KEYWORD_OCTETS = 20;

const ALONE = { CAPA: "capa", STLS: "stls", QUIT: "quit", UTF8: "utf8" } as const;

/**
 * Reads one line of a client (RFC 1939 §3). A name and a password are the rest of the line, octet by octet, spaces included (RFC 1939 §7). Wipes
 * `line`.
 */
export function parseCommand(line: Buffer): ParsedCommand {
  const space = line.indexOf(SPACE);
  const keyword = wordOf(space < 0 ? line : line.subarray(0, space));
  const rest = space < 0 ? null : Buffer.from(line.subarray(space + 1));
  line.fill(0);
  const parsed = commandOf(keyword, rest);
  // A password has its buffer to itself; what anything else held is not kept.
  if (parsed.kind === "bad") rest?.fill(0);
  return parsed;
}

function commandOf(keyword: string | null, rest: Buffer | null): ParsedCommand {
  switch (keyword) {
    case "CAPA":
    case "STLS":
    case "QUIT":
    case "UTF8":
      return isBlank(rest) ? found({ kind: ALONE[keyword] }) : bad("arguments");
    case "USER":
      return rest !== null && rest.length > 0 && fits(rest)
        ? found({ kind: "user", name: rest })
        : bad("arguments");
    case "PASS":
      return rest !== null && fits(rest)
        ? found({ kind: "pass", password: new Secret(rest) })
        : bad("arguments");
    case "AUTH":
      return isBlank(rest) ? found({ kind: "mechanisms" }) : authOf(rest);
    default:
      return bad("unknown");
  }
}

/** RFC 5034 §4: `AUTH mechanism [initial-response]`. */
function authOf(rest: Buffer): ParsedCommand {
  const space = rest.indexOf(SPACE);
  const mechanism = wordOf(space < 0 ? rest : rest.subarray(0, space));
  if (mechanism === null) return bad("arguments");
  if (space < 0) return found({ kind: "auth", mechanism, initial: null });
  const initial = Buffer.from(rest.subarray(space + 1));
  rest.fill(0);
  if (initial.length > 0 && !initial.includes(SPACE)) return found({ kind: "auth", mechanism, initial });
  initial.fill(0);
  return bad("arguments");
}

/** A word of letters, digits, `-` and `_`, in upper case; `null` where it is anything else. */
function wordOf(octets: Buffer): string | null {
  if (octets.length === 0 || octets.length > KEYWORD_OCTETS) return null;
  const word = octets.toString("latin1");
  return /^[\w-]+$/.test(word) ? word.toUpperCase() : null;
}

function isBlank(rest: Buffer | null): rest is null {
  return rest === null || rest.length === 0;
}

function fits(octets: Buffer): boolean {
  return octets.length <= LIMITS.credentialOctets && !octets.includes(NUL);
}

function found(command: Command): ParsedCommand {
  return { kind: "command", command };
}

function bad(why: BadCommand): ParsedCommand {
  return { kind: "bad", why };
}
