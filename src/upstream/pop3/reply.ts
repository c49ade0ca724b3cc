import type { Failure } from "../../model/failure.ts";
import { protocolFault, quote, type Said, sentAway, sentAwayInClear } from "../failures.ts";
import type { LineConnection } from "../line-connection.ts";

/** A server's answer (RFC 1939 §3): `+OK`, `-ERR`, or the challenge of RFC 5034 §4. */
export interface Reply extends Said {
  readonly status: "+OK" | "-ERR" | "+";
}

/** More lines than any list before login has. */
const LIST_LINES = 200;

const REPLY_LINE = /^(\+OK|-ERR|\+)(?: +(.*)|)$/s;
/** RFC 2449 §8: `[resp-code]` at the beginning of the text; levels of it are divided by `/`. */
const RESPONSE_CODE = /^\[([^\]\s]{1,40})(?: ([^\]]*))?\] ?(.*)$/s;

/**
 * Reads one line of answer.
 * @param what names the wait in errors
 * @param limitMs longest time; the greeting's where none is given
 * @throws {Failure} `-unreachable` when it does not come, `-protocol` when it is no answer
 */
export async function readReply(connection: LineConnection, what: string, limitMs?: number): Promise<Reply> {
  const line = (await connection.readLine(what, limitMs)).toString("latin1");
  const [, status, words = ""] = REPLY_LINE.exec(line) ?? [];
  if (status === undefined) throw connection.fail(protocolFault(connection, `does not speak POP3 (${what})`));
  const [, name, more = "", text = ""] = RESPONSE_CODE.exec(words) ?? [];
  const said =
    name === undefined
      ? { code: null, text: words }
      : { code: { name: name.toUpperCase(), text: more }, text };
  return { status: status as Reply["status"], ...said };
}

/** Sends one command and reads its answer. */
export function ask(connection: LineConnection, command: string, limitMs?: number): Promise<Reply> {
  connection.send(`${command}\r\n`);
  return readReply(connection, `the answer to ${command}`, limitMs);
}

/** The lines behind a `+OK` that is followed by a list (RFC 1939 §3), up to the dot. @throws {Failure} as `readReply` */
export async function readList(connection: LineConnection, what: string): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const line = (await connection.readLine(what)).toString("latin1");
    if (line === ".") return lines;
    if (lines.length === LIST_LINES)
      throw connection.fail(protocolFault(connection, `sent a list without an end (${what})`));
    lines.push(line.startsWith(".") ? line.slice(1) : line);
  }
}

/**
 * What an unwelcome answer means, unless it is about a password. Words that came in clear before TLS are not repeated, since anybody may have written
 * them.
 * @param what the server did, as in "turned the connection away"
 */
export function unwelcome(connection: LineConnection, what: string, reply: Reply): Failure {
  const isClear = connection.endpoint.tls === "starttls" && !connection.secure;
  return (isClear ? sentAwayInClear : sentAway)(connection, what, reply);
}

/** The server's answer with its words, where they may be believed. */
export function misunderstood(connection: LineConnection, command: string, reply: Reply): Failure {
  return protocolFault(connection, `does not understand ${command}: ${quote(reply)}`);
}
