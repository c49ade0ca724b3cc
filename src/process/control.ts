import { mkdir } from "node:fs/promises";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { Log } from "../log/log.ts";
import { causeChain } from "../model/failure.ts";
import type { SessionInfo } from "../model/session-info.ts";
import { LocalSocketError, listenLocal } from "../net/local-socket.ts";
import { type ControlAnswer, LONGEST_LINE, linesOf, readQuestion, WHO } from "./control-lines.ts";
import type { Question } from "./messages.ts";

/** Questions at once, and how long one may take with everything. */
const LIMITS = { connections: 16, requestMs: 15_000 };

/** Tells about sessions, in parts. @returns how many processes did not answer */
export type AnswerQuestion = (
  question: Question,
  onSessions: (sessions: readonly SessionInfo[]) => void,
) => Promise<number>;

/** Where the running `serve` of a data folder can be asked. */
export function controlPath(dataDir: string): string {
  return join(dataDir, "control.sock");
}

/**
 * Answers the commands of this machine, for as long as it is not stopped. Mail goes on without it, so where the socket cannot be opened the log says that
 * and nothing else happens.
 * @returns how to stop it
 */
export async function openControl(
  dataDir: string,
  log: Log,
  answer: AnswerQuestion,
): Promise<() => Promise<void>> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const onConnection = (socket: Socket) => void converse(socket, log, answer);
    return await listenLocal(controlPath(dataDir), onConnection, LIMITS.connections);
  } catch (error) {
    const isTaken = error instanceof LocalSocketError && error.kind === "taken";
    log.warn(
      { event: "control.error", causes: causeChain(error) },
      isTaken
        ? `imbarco serves over ${dataDir} already, so imbarco sessions reaches that service and not this one`
        : "the control socket cannot be opened, so imbarco sessions does not reach this service",
    );
    return async () => undefined;
  }
}

/** One question and its answer. Never rejects. */
async function converse(socket: Socket, log: Log, answer: AnswerQuestion): Promise<void> {
  const timer = setTimeout(() => socket.destroy(), LIMITS.requestMs);
  socket.once("close", () => clearTimeout(timer));
  socket.on("error", () => socket.destroy());
  const say = (line: ControlAnswer) => {
    if (socket.writable) socket.write(`${JSON.stringify(line)}\n`);
  };
  try {
    const lines = linesOf(socket as AsyncIterable<Buffer>, LONGEST_LINE.question);
    const { value: line } = await lines.next();
    const question = typeof line === "string" ? readQuestion(line) : null;
    if (line === WHO) say({ pid: process.pid });
    else if (question === null) say({ error: "this serve does not know such a question" });
    else say({ end: true, silent: await answer(question, (sessions) => say({ sessions })) });
  } catch (error) {
    log.warn(
      { event: "control.error", causes: causeChain(error) },
      "a question on the control socket could not be answered",
    );
  } finally {
    socket.end(() => socket.destroy());
  }
}
