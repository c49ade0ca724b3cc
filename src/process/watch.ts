import type { ToProcess } from "./messages.ts";

/** How soon a process that hangs is noticed. */
export interface Watching {
  readonly askMs: number;
  /** A whole number of `askMs`. */
  readonly silenceLimitMs: number;
}

/**
 * To answer takes one turn of the event loop. A copier holds its loop for a second, on busy cores for some; SQLite waits in it, up to 15 s for a lock, and for a disk that stands
 * still. A minute is beyond all of these, since a process that is ended in error takes thousands of sessions with it, and about what mail programs wait for a server.
 */
export const WATCHING: Watching = { askMs: 5_000, silenceLimitMs: 60_000 };

/** Whoever can be asked. */
interface Asked {
  send(message: ToProcess): void;
}

/**
 * Finds processes that hang: they live, but their event loop stands. Time is counted in looks of the watch itself: a machine that was suspended or a supervisor that was busy looks
 * once afterwards, not as often as it has missed, and hears what has been said meanwhile before it looks again.
 */
export class Watch<Process extends Asked> {
  readonly #askMs: number;
  readonly #limitLooks: number;
  /** Looks since a question that nothing was heard after. One at a time: for who does not read, messages would pile up. */
  readonly #looks = new WeakMap<Process, number>();

  constructor({ askMs, silenceLimitMs }: Watching) {
    this.#askMs = askMs;
    this.#limitLooks = Math.ceil(silenceLimitMs / askMs);
  }

  /**
   * One look, every `askMs`: asks those that have no question open.
   * @returns those whose silence has reached the limit just now, each once, and how long it has lasted
   */
  look(processes: readonly Process[]): { readonly process: Process; readonly silentMs: number }[] {
    const hung = [];
    for (const process of processes) {
      const looks = (this.#looks.get(process) ?? -1) + 1;
      this.#looks.set(process, looks);
      if (looks === 0) process.send({ kind: "ping" });
      if (looks === this.#limitLooks) hung.push({ process, silentMs: looks * this.#askMs });
    }
    return hung;
  }

  /** A process has said something, an answer or anything else. */
  heard(process: Process): void {
    this.#looks.delete(process);
  }
}
