import type { ToProcess } from "./messages.ts";

/** How soon a process that hangs is noticed. */
export interface Watching {
  readonly askMs: number;
  /** A whole number of `askMs`. */
  readonly silenceLimitMs: number;
}

/**
 * To answer takes one turn of the event loop. A copier holds its loop for a second, on busy cores for some. A minute is beyond that, since a process that is ended in error
 * takes thousands of sessions with it, and about what mail programs wait for a server.
 */
export const WATCHING: Watching = { askMs: 5_000, silenceLimitMs: 60_000 };

/** A process is busy by chance at one look, hardly at three in a row in which it never came to answer. */
const BUSY_LOOKS = 3;

/** Whoever can be asked. */
interface Asked {
  send(message: ToProcess): void;
}

/** What the kernel says of the thread that runs the event loop: it computes, was stopped by a signal, or waits for something. `null` = it does not say. */
export type Doing = "computes" | "stopped" | "waits" | null;

/** A process that has been silent for too long. `hangs`: nothing but its end helps. `waits`: what it waits for is outside it, and would make the next one wait as well. */
export interface Silent<Process> {
  readonly process: Process;
  readonly silentMs: number;
  readonly what: "hangs" | "waits";
}

interface Silence {
  /** Looks since a question that nothing was heard after. */
  looks: number;
  busyLooks: number;
  /** As it was told last. */
  told: Silent<unknown>["what"] | null;
}

/**
 * Finds processes that hang: they live, but their event loop stands. Time is counted in looks of the watch itself: a machine that was suspended or a supervisor that was busy looks
 * once afterwards, not as often as it has missed, and hears what has been said meanwhile before it looks again. Who waits, for a lock, a disk or whoever reads the log, does
 * not hang: it goes on when that comes to an end, with all its sessions.
 */
export class Watch<Process extends Asked> {
  readonly #askMs: number;
  readonly #limitLooks: number;
  readonly #doing: (process: Process) => Doing;
  /** One question at a time: for who does not read, messages would pile up. */
  readonly #silences = new WeakMap<Process, Silence>();

  constructor({ askMs, silenceLimitMs }: Watching, doing: (process: Process) => Doing) {
    this.#askMs = askMs;
    this.#limitLooks = Math.ceil(silenceLimitMs / askMs);
    this.#doing = doing;
  }

  /**
   * One look, every `askMs`: asks those that have no question open.
   * @returns those whose silence is too long, each once, and once more where one that waited is found to hang
   */
  look(processes: readonly Process[]): Silent<Process>[] {
    return processes.flatMap((process) => {
      const silence = this.#silences.get(process);
      if (silence === undefined) {
        this.#silences.set(process, { looks: 0, busyLooks: 0, told: null });
        process.send({ kind: "ping" });
        return [];
      }
      silence.looks += 1;
      const what = silence.looks < this.#limitLooks ? null : judge(silence, this.#doing(process));
      if (what === null || silence.told === what || silence.told === "hangs") return [];
      silence.told = what;
      return [{ process, silentMs: silence.looks * this.#askMs, what }];
    });
  }

  /** A process has said something, an answer or anything else. */
  heard(process: Process): void {
    this.#silences.delete(process);
  }
}

/** `null` = that is not clear yet. */
function judge(silence: Silence, doing: Doing): Silent<unknown>["what"] | null {
  silence.busyLooks = doing === "computes" ? silence.busyLooks + 1 : 0;
  if (doing === "stopped" || silence.busyLooks >= BUSY_LOOKS) return "hangs";
  return doing === "computes" ? null : "waits";
}
