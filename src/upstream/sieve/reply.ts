import type { Failure } from "../../model/failure.ts";
import { CommandLexer, type CommandPart, LexerStop } from "../../wire/imap/command-lexer.ts";
import { literalMark } from "../../wire/literal-mark.ts";
import { protocolFault, quote, type Said, sentAway, sentAwayInClear } from "../failures.ts";
import type { LineConnection } from "../line-connection.ts";

/** The word that ends every answer (RFC 5804 §1.2), what the server said with it, and the lines before it. */
export interface Reply {
  readonly status: "OK" | "NO" | "BYE";
  readonly said: Said;
  readonly data: readonly DataLine[];
}

/** `"NAME" "value"`: a capability, a challenge. */
export interface DataLine {
  readonly first: Buffer;
  readonly second: Buffer | null;
}

/** More capabilities than any server has. */
export const CAPABILITY_LINES = 100;
/** More literals than any line has. */
const LINE_PARTS = 8;

/** RFC 5804 §4: response-oknobye; the code is the first word in the parentheses. */
const STATUS = /^(OK|NO|BYE)(?: \(([^\s()"]+)[^)]*\))?(?: |$)/i;
const QUOTED_AT_END = /"((?:[^"\\]|\\.)*)"$/s;

/**
 * Reads one answer whole.
 * @param what names the wait in errors
 * @param dataLines how many lines may come before the word that ends it
 * @param limitMs longest time for each line; the greeting's where none is given
 * @throws {Failure} `-unreachable` when it does not come, `-protocol` when it is no answer, a challenge included
 */
export async function readReply(
  connection: LineConnection,
  what: string,
  dataLines: number,
  limitMs?: number,
): Promise<Reply> {
  const data: DataLine[] = [];
  for (;;) {
    const parts = await readParts(connection, what, limitMs);
    const reply = statusOf(parts);
    if (reply !== null) return { ...reply, data };
    const line = dataOf(parts);
    if (line === null || data.length === dataLines)
      throw connection.fail(protocolFault(connection, `does not speak ManageSieve (${what})`));
    data.push(line);
  }
}

/** Sends one command whose answer is one line, and reads it. */
export async function ask(connection: LineConnection, command: string, what: string): Promise<Reply> {
  connection.send(`${command}\r\n`);
  return readReply(connection, what, 0);
}

/**
 * What an unwelcome answer means, unless it is about a password. Words that came in clear before TLS are not repeated, since anybody may have written them.
 * @param what the server did, as in "turned the connection away"
 */
export function unwelcome(connection: LineConnection, what: string, { status, said }: Reply): Failure {
  const isClear = connection.endpoint.tls === "starttls" && !connection.secure;
  if (said.code?.name === "REFERRAL")
    return protocolFault(connection, "refers to another server: imbarco does not follow");
  if (status === "BYE" || said.code?.name === "TRYLATER")
    return (isClear ? sentAwayInClear : sentAway)(connection, what, said);
  return protocolFault(connection, isClear ? what : `${what}: ${quote(said)}`);
}

/** One line with its literals, which only the server's side sends without `+` (RFC 5804 §4: literal-s2c). */
async function readParts(
  connection: LineConnection,
  what: string,
  limitMs: number | undefined,
): Promise<CommandPart[]> {
  const parts: CommandPart[] = [];
  for (;;) {
    const line = await connection.readLine(what, limitMs);
    const mark = literalMark(line);
    if (mark === null) return [...parts, { kind: "text", octets: line }];
    if (mark.octets > connection.limits.reader.literalOctets || parts.length >= LINE_PARTS)
      throw connection.fail(protocolFault(connection, `sent a literal that is too long (${what})`));
    parts.push({ kind: "text", octets: line.subarray(0, mark.at) });
    parts.push({ kind: "literal", octets: await connection.readOctets(mark.octets, what, limitMs) });
  }
}

function statusOf(parts: readonly CommandPart[]): Pick<Reply, "status" | "said"> | null {
  const [first] = parts;
  if (first?.kind !== "text") return null;
  const head = first.octets.toString("latin1");
  const [, status, code] = STATUS.exec(head) ?? [];
  if (status === undefined) return null;
  const name = code?.toUpperCase();
  return {
    status: status.toUpperCase() as Reply["status"],
    said: { code: name === undefined ? null : { name, text: "" }, text: textOf(parts) },
  };
}

/** The words for people: the last string of the answer. */
function textOf(parts: readonly CommandPart[]): string {
  const literal = parts.findLast((part) => part.kind === "literal");
  const last = parts.at(-1);
  const end = last?.kind === "text" ? last.octets.toString("utf8") : "";
  const quoted = QUOTED_AT_END.exec(end)?.[1];
  if (quoted !== undefined) return quoted.replace(/\\(.)/gs, "$1");
  return literal === undefined ? "" : literal.octets.toString("utf8");
}

function dataOf(parts: readonly CommandPart[]): DataLine | null {
  const lexer = new CommandLexer(parts);
  try {
    const first = lexer.string();
    if (lexer.atEnd) return { first, second: null };
    lexer.space();
    const second = lexer.string();
    lexer.end();
    return { first, second };
  } catch (thrown) {
    if (thrown instanceof LexerStop) return null;
    throw thrown;
  }
}
