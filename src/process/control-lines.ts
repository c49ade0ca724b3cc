import type { SessionInfo } from "../model/session-info.ts";
import { isQuestion, isSessionInfo, type Question, SESSIONS_AT_ONCE } from "./messages.ts";

/** What the running `serve` answers on its control socket, a JSON document a line: sessions in parts, then the end. */
export type ControlAnswer =
  | { readonly sessions: readonly SessionInfo[] }
  /** `silent`: processes that did not answer in time. */
  | { readonly end: true; readonly silent: number }
  /** Of the process that answers: the supervisor, or the one that does everything itself. */
  | { readonly pid: number }
  | { readonly error: string };

/** Asks who answers there at all; beside it there are the questions about sessions. */
export const WHO = JSON.stringify({ does: "who" });

/** Longest question and longest answer. A session in JSON has some 300 octets, the longest address 254. */
export const LONGEST_LINE = { question: 4_096, answer: SESSIONS_AT_ONCE * 2_048 };

/** A line that is longer than its bound. */
export class LongLineError extends Error {
  override readonly name = "LongLineError";
}

/**
 * Cuts octets into lines of UTF-8, without their ends; an unfinished last line is dropped.
 * @throws {LongLineError} when a line has more than `longest` octets
 */
export async function* linesOf(pieces: AsyncIterable<Buffer>, longest: number): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      if (end > longest) throw new LongLineError(`a line of ${end} octets came`);
      yield rest.toString("utf8", 0, end);
      rest = rest.subarray(end + 1);
    }
    if (rest.length > longest) throw new LongLineError(`a line of more than ${longest} octets came`);
  }
}

/** A question as it came; `null` where it is none that is known. */
export function readQuestion(line: string): Question | null {
  const value = parsed(line);
  return isQuestion(value) ? value : null;
}

/** An answer as it came; `null` where it is none that is known. */
export function readAnswer(line: string): ControlAnswer | null {
  const value = parsed(line);
  if (typeof value !== "object" || value === null) return null;
  if ("pid" in value) return typeof value.pid === "number" ? { pid: value.pid } : null;
  if ("error" in value) return typeof value.error === "string" ? { error: value.error } : null;
  if ("end" in value) {
    const silent = "silent" in value ? value.silent : null;
    return typeof silent === "number" ? { end: true, silent } : null;
  }
  const sessions: unknown = "sessions" in value ? value.sessions : null;
  return Array.isArray(sessions) && sessions.every(isSessionInfo) ? { sessions } : null;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null; // no JSON is no question and no answer
  }
}
