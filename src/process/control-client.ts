import type { SessionInfo } from "../model/session-info.ts";
import { connectLocal } from "../net/local-socket.ts";
import { controlPath } from "./control.ts";
import { LONGEST_LINE, linesOf, readAnswer } from "./control-lines.ts";
import type { Question } from "./messages.ts";

/** More than the running `serve` takes for all its processes. */
const LIMIT_MS = 20_000;

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
