import type { Log } from "../log/log.ts";
import { type Child, type ProcessEnd, startChild } from "./child.ts";
import type { Seat } from "./jobs.ts";
import { MESSAGES_VERSION, type ToProcess, type ToSupervisor, type WorkOrder } from "./messages.ts";
import { settingsOfChild } from "./node-settings.ts";
import { StartFailure, unexplained } from "./start-failure.ts";

/** How long a process may take until it serves; a loaded machine takes seconds. */
const START_LIMIT_MS = 60_000;

export interface MemberDeps {
  readonly log: Log;
  /** The supervisor's own options of Node. */
  readonly nodeOptions: readonly string[];
  hear(member: Member, message: ToSupervisor): void;
}

/** How one has ended, and how long it had served before, until it fell silent; 0 when it never did. */
export interface MemberEnd extends ProcessEnd {
  readonly servedMs: number;
  /** Why it could not begin, where it said so. */
  readonly complaint: string | null;
}

/** A process at work on one seat. */
export class Member {
  readonly seat: Seat;
  /** Settles when it serves. @throws {StartFailure} when it ends before, or takes too long */
  readonly ready: Promise<void>;
  /** Settles when the process has ended; never rejects. */
  readonly ended: Promise<MemberEnd>;
  readonly #child: Child;
  #readyAtMs: number | null = null;
  #complaint: string | null = null;
  /** How long it had not answered when it was ended for that. */
  #silentMs = 0;
  #isStopping = false;

  constructor(deps: MemberDeps, seat: Seat, order: Omit<WorkOrder, "kind" | keyof Seat>) {
    this.seat = seat;
    const start = Promise.withResolvers<void>();
    this.ready = start.promise;
    // Whoever waits for it hears of a failure; after a replacement nobody does.
    this.ready.catch(() => undefined);
    const hear = (message: ToSupervisor) => {
      switch (message.kind) {
        case "hello":
          if (message.version === MESSAGES_VERSION) this.send({ kind: "work", ...seat, ...order });
          else {
            const failure = otherVersion(message.version);
            const { message: what, hint } = failure.complaint;
            this.#complaint = `${what}. ${hint}`;
            start.reject(failure);
            this.kill();
          }
          return;
        case "ready":
          this.#readyAtMs = performance.now();
          start.resolve();
          break;
        case "failed":
          this.#complaint = message.message;
          start.reject(new StartFailure(message));
          break;
        default:
      }
      deps.hear(this, message);
    };
    this.#child = startChild(settingsOfChild(seat.job, deps.nodeOptions), deps.log, hear);
    const timer = setTimeout(() => {
      start.reject(unexplained(`${nameOf(seat)} was not ready after ${START_LIMIT_MS / 1000} s`));
      this.kill();
    }, START_LIMIT_MS);
    this.ready.finally(() => clearTimeout(timer)).catch(() => undefined);
    this.ended = this.#child.ended.then((end) => {
      start.reject(unexplained(`${nameOf(seat)} ended ${endText(end)} before it was ready`));
      const servedMs = this.#readyAtMs === null ? 0 : performance.now() - this.#readyAtMs - this.#silentMs;
      this.#isStopping = true;
      return { ...end, servedMs: Math.max(0, servedMs), complaint: this.#complaint };
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it serves and may be given more to do. */
  get isAtWork(): boolean {
    return this.#readyAtMs !== null && !this.#isStopping;
  }

  /** Whether it has ever served: it may have sessions then. */
  get hasServed(): boolean {
    return this.#readyAtMs !== null;
  }

  send(message: ToProcess): void {
    this.#child.send(message);
  }

  /**
   * Asks it to drain and end.
   * @param handedOver whether others serve in its place
   */
  stop(handedOver: boolean): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.send({ kind: "stop", handedOver });
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill();
  }

  /** Ends it at once because it hangs: it could not drain. @param silentMs how long it has not answered; time in which it has not served */
  killHung(silentMs: number): void {
    this.#silentMs = silentMs;
    this.kill();
  }
}

/** `proxy 2`: for people. */
export function nameOf({ job, number }: Seat): string {
  return `${job} ${number}`;
}

/** How a process has ended, for people. */
export function endText({ status, signal }: ProcessEnd): string {
  return signal === null ? `with status ${status ?? "unknown"}` : `by ${signal}`;
}

function otherVersion(version: number): StartFailure {
  return new StartFailure({
    code: "version",
    message: `the code on disk speaks version ${version} to its supervisor, which speaks ${MESSAGES_VERSION}`,
    hint: "This update needs a restart of the whole service.",
    exitStatus: 1,
  });
}
