import type { SessionInfo } from "../model/session-info.ts";
import { connectLocal } from "../net/local-socket.ts";
import { controlPath } from "./control.ts";
import { LONGEST_LINE, linesOf, readAnswer, WHO } from "./control-lines.ts";
import type { Question } from "./messages.ts";

/** More than the running `serve` takes for all its processes. */
const LIMIT_MS = 20_000;

/** The same for the one question that no other process has to be asked for. */
const WHO_LIMIT_MS = 2_000;

/** What the running `serve` has said. */
export interface Told {
  readonly sessions: readonly SessionInfo[];
  /** Processes that did not answer in time: their sessions are missing. */
  readonly silent: number;
}

/** The running `serve` broke off, or said what nobody understands. */
export class ControlError extends Error {
  override readonly name = "ControlError";
}

/**
 * Asks the `serve` that runs on this machine with this data folder.
 * @throws {LocalSocketError} when none runs there or it may not be asked
 * @throws {ControlError} when it does not answer as it should
 */
export async function askServe(dataDir: string, question: Question, signal: AbortSignal): Promise<Told> {
  const socket = await connectLocal(controlPath(dataDir));
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  const onAbort = () => socket.destroy(limit.reason as Error);
  limit.addEventListener("abort", onAbort, { once: true });
  try {
    socket.write(`${JSON.stringify(question)}\n`);
    const sessions: SessionInfo[] = [];
    for await (const line of linesOf(socket as AsyncIterable<Buffer>, LONGEST_LINE.answer)) {
      const answer = readAnswer(line);
      if (answer === null) throw new ControlError("the running serve answered in words of another version");
      if ("pid" in answer) throw new ControlError("the running serve answered something else");
      if ("error" in answer) throw new ControlError(answer.error);
      if ("end" in answer) return { sessions, silent: answer.silent };
      sessions.push(...answer.sessions);
    }
    throw new ControlError("the running serve broke off");
  } catch (error) {
    if (error instanceof ControlError || signal.aborted) throw error;
    throw new ControlError(`the running serve did not answer: ${(error as Error).message}`, { cause: error });
  } finally {
    limit.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

/**
 * Whether a `serve` runs on this machine with this data folder, and as which process; `pid` is null where it does not say that. Where none can be asked, `null`.
 * Never throws.
 */
export async function runningServe(dataDir: string): Promise<{ readonly pid: number | null } | null> {
  const socket = await connectLocal(controlPath(dataDir)).catch(() => null);
  if (socket === null) return null;
  const timer = setTimeout(() => socket.destroy(), WHO_LIMIT_MS);
  try {
    socket.write(`${WHO}\n`);
    const { value: line } = await linesOf(socket as AsyncIterable<Buffer>, LONGEST_LINE.answer).next();
    const answer = typeof line === "string" ? readAnswer(line) : null;
    return { pid: answer !== null && "pid" in answer ? answer.pid : null };
  } catch {
    // Somebody has taken the connection: that it breaks off only leaves open who it is.
    return { pid: null };
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
