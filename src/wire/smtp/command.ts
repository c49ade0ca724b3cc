/** A command that is known before login (RFC 5321 §4.1.1, RFC 3207 §4, RFC 4954 §4). */
export type SmtpCommand =
  | { readonly kind: "ehlo"; readonly name: string }
  | { readonly kind: "helo"; readonly name: string }
  | { readonly kind: "starttls" }
  | {
      readonly kind: "auth";
      readonly mechanism: string;
      /** The initial response as it came, in base64; `null` where there is none. */
      readonly initial: Buffer | null;
    }
  | { readonly kind: "noop" }
  | { readonly kind: "rset" }
  | { readonly kind: "quit" }
  /** Anything that has the form of a command and needs a login: MAIL, VRFY, HELP, and what we do not know. */
  | { readonly kind: "other" };

export type ParsedCommand =
  | { readonly kind: "command"; readonly command: SmtpCommand }
  | { readonly kind: "bad"; readonly why: BadCommand };

/** What is wrong with a line: it does not begin as a command does, or what follows the verb cannot be. */
export type BadCommand = "command" | "arguments";

/** RFC 5321 §4.5.3.1.2: the longest domain, which every address literal fits into. */
const NAME_OCTETS = 255;

const SPACE = 0x20;
const TAB = 0x09;

/** Reads one line, without its line end, and wipes it: what is returned are copies. */
export function parseCommand(line: Buffer): ParsedCommand {
  const at = line.indexOf(SPACE);
  const verb = at < 0 ? line : line.subarray(0, at);
  const rest = at < 0 ? Buffer.alloc(0) : trimmed(line.subarray(at));
  // A trailing tab belongs to no verb, as a trailing space does not (RFC 5321 §4.1.1).
  const parsed = parse(trimmed(verb).toString("latin1"), rest);
  line.fill(0);
  return parsed;
}

function parse(verb: string, rest: Buffer): ParsedCommand {
  if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(verb)) return { kind: "bad", why: "command" };
  switch (verb.toLowerCase()) {
    case "ehlo":
      return hello("ehlo", rest);
    case "helo":
      return hello("helo", rest);
    case "starttls":
      return bare("starttls", rest);
    case "rset":
      return bare("rset", rest);
    case "quit":
      return bare("quit", rest);
    case "noop":
      // RFC 5321 §4.1.1.9: whatever stands behind it is ignored.
      return { kind: "command", command: { kind: "noop" } };
    case "auth":
      return auth(rest);
    default:
      return { kind: "command", command: { kind: "other" } };
  }
}

function bare(kind: "starttls" | "rset" | "quit", rest: Buffer): ParsedCommand {
  return rest.length === 0 ? { kind: "command", command: { kind } } : { kind: "bad", why: "arguments" };
}

/**
 * RFC 5321 §4.1.1.1: a domain or an address literal. Looser, since mail programs send the name of their machine as it is: printable ASCII, one word, bounded.
 */
function hello(kind: "ehlo" | "helo", rest: Buffer): ParsedCommand {
  const sound =
    rest.length > 0 && rest.length <= NAME_OCTETS && rest.every((octet) => octet > SPACE && octet < 0x7f);
  if (!sound) return { kind: "bad", why: "arguments" };
  return { kind: "command", command: { kind, name: rest.toString("latin1") } };
}

/** RFC 4954 §4: `AUTH SP mechanism [SP initial-response]`, nothing behind. */
function auth(rest: Buffer): ParsedCommand {
  const end = rest.indexOf(SPACE);
  const mechanism = (end < 0 ? rest : rest.subarray(0, end)).toString("latin1");
  const initial = end < 0 ? null : trimmed(rest.subarray(end));
  // RFC 4422 §3.1: a mechanism's name has at most 20 octets; a longer word may be a password in the wrong place.
  if (!/^[!-~]{1,20}$/.test(mechanism) || initial?.includes(SPACE)) return { kind: "bad", why: "arguments" };
  return {
    kind: "command",
    command: { kind: "auth", mechanism, initial: initial === null ? null : Buffer.from(initial) },
  };
}

/** Without white space at either end; RFC 5321 §4.1.1 wants the one at the end to be borne. */
function trimmed(octets: Buffer): Buffer {
  let from = 0;
  let until = octets.length;
  while (from < until && isBlank(octets[from])) from += 1;
  while (until > from && isBlank(octets[until - 1])) until -= 1;
  return octets.subarray(from, until);
}

function isBlank(octet: number | undefined): boolean {
  return octet === SPACE || octet === TAB;
}
