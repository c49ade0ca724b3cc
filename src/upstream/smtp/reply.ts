import type { Failure } from "../../model/failure.ts";
import { protocolFault, quote, type Said, sentAway, sentAwayInClear } from "../failures.ts";
import type { LineConnection } from "../line-connection.ts";

/** A server's answer (RFC 5321 §4.2.1): one code, and the text of each of its lines. */
export interface Reply {
  readonly code: number;
  readonly lines: readonly string[];
}

/** More lines than any answer before login has. */
const REPLY_LINES = 100;

/** RFC 5321 §4.2: `Reply-code [ SP textstring ]`, with a hyphen where another line follows. */
const REPLY_LINE = /^([2-5]\d\d)(?:([ -])(.*))?$/s;

/**
 * Reads one answer whole.
 * @param what names the wait in errors
 * @param limitMs longest time for each line; the greeting's where none is given
 * @throws {Failure} `-unreachable` when it does not come, `-protocol` when it is no answer
 */
export async function readReply(connection: LineConnection, what: string, limitMs?: number): Promise<Reply> {
  const lines: string[] = [];
  let first: string | undefined;
  for (;;) {
    const line = (await connection.readLine(what, limitMs)).toString("latin1");
    const [, code, sign, text = ""] = REPLY_LINE.exec(line) ?? [];
    first ??= code;
    // RFC 5321 §4.2.1: the code is the same in each line.
    if (code === undefined || code !== first || lines.length === REPLY_LINES)
      throw connection.fail(protocolFault(connection, `does not speak SMTP (${what})`));
    lines.push(text);
    if (sign !== "-") return { code: Number(code), lines };
  }
}

/** Sends one command and reads its answer. */
export async function ask(
  connection: LineConnection,
  command: string,
  what: string,
  limitMs?: number,
): Promise<Reply> {
  connection.send(`${command}\r\n`);
  return readReply(connection, what, limitMs);
}

/** The server's words as `failures.ts` takes them; the codes in square brackets are IMAP's. */
export function saidBy({ code, lines }: Reply): Said {
  return { code: null, text: `${code} ${lines.join(" ")}` };
}

/** The enhanced status code of an answer (RFC 2034 §4), such as `5.7.8`; `null` where it has none. */
export function enhancedCode({ lines }: Reply): string | null {
  return /^([245]\.\d{1,3}\.\d{1,3})(?: |$)/.exec(lines[0] ?? "")?.[1] ?? null;
}

/**
 * What an unwelcome answer means, unless it is about a password: 4xx that we may come again, all others that something must be mended. Words that came in clear before TLS are
 * not repeated, since anybody may have written them.
 * @param what the server did, as in "turned the connection away"
 */
export function unwelcome(connection: LineConnection, what: string, reply: Reply): Failure {
  const isClear = connection.endpoint.tls === "starttls" && !connection.secure;
  if (reply.code >= 400 && reply.code < 500)
    return (isClear ? sentAwayInClear : sentAway)(connection, what, saidBy(reply));
  return protocolFault(connection, isClear ? what : `${what}: ${quote(saidBy(reply))}`);
}
