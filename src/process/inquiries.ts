import type { SessionInfo } from "../model/session-info.ts";
import type { Question, ToProcess } from "./messages.ts";

/** How long a process may take to answer: it has nothing to look up. */
const ANSWER_LIMIT_MS = 5_000;

/** Whoever can be asked. */
interface Asked {
  send(message: ToProcess): void;
}

/** A question under way. */
interface Inquiry<Process> {
  readonly waiting: Set<Process>;
  readonly onSessions: (sessions: readonly SessionInfo[]) => void;
  /** Nobody is waited for any more. */
  readonly finish: () => void;
}

/** Questions about sessions that are put to several processes at once. */
export class Inquiries<Process extends Asked> {
  readonly #underWay = new Map<number, Inquiry<Process>>();
  #lastId = 0;

  /**
   * Asks all of them; what they tell is passed on as it comes.
   * @returns how many did not answer in time
   */
  async ask(
    processes: readonly Process[],
    question: Question,
    onSessions: (sessions: readonly SessionInfo[]) => void,
    limitMs: number = ANSWER_LIMIT_MS,
  ): Promise<number> {
    this.#lastId += 1;
    const id = this.#lastId;
    const waiting = new Set(processes);
    if (waiting.size === 0) return 0;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs);
      this.#underWay.set(id, { waiting, onSessions, finish: resolve });
      for (const process of processes) process.send({ kind: "ask", id, question });
    });
    clearTimeout(timer);
    this.#underWay.delete(id);
    return waiting.size;
  }

  /** A part of an answer; one that comes too late is dropped. */
  take(process: Process, id: number, sessions: readonly SessionInfo[], last: boolean): void {
    const inquiry = this.#underWay.get(id);
    if (!inquiry?.waiting.has(process)) return;
    inquiry.onSessions(sessions);
    if (last) this.#done(inquiry, process);
  }

  /** A process has ended, and with it its sessions: nobody waits for it. */
  gone(process: Process): void {
    for (const inquiry of this.#underWay.values()) this.#done(inquiry, process);
  }

  #done(inquiry: Inquiry<Process>, process: Process): void {
    inquiry.waiting.delete(process);
    if (inquiry.waiting.size === 0) inquiry.finish();
  }
}
