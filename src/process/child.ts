import cluster from "node:cluster";
import type { Log } from "../log/log.ts";
import { causeChain } from "../model/failure.ts";
import { readToSupervisor, type ToProcess, type ToSupervisor } from "./messages.ts";
import type { NodeSettings } from "./node-settings.ts";

/** How a process has ended. */
export interface ProcessEnd {
  readonly status: number | null;
  readonly signal: string | null;
}

/** A process of ours, from the supervisor's side. */
export interface Child {
  readonly pid: number | undefined;
  /** Settles when it has ended, or could not be made; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** To one that has ended nothing is sent, which is no error. */
  send(message: ToProcess): void;
  /** Ends it at once. */
  kill(): void;
}

/**
 * Starts one more process of the same program, from the code on disk.
 * @param settings for Node itself
 * @param hear gets what it says, checked; what is no message of ours is logged
 */
export function startChild(settings: NodeSettings, log: Log, hear: (message: ToSupervisor) => void): Child {
  // Each accepts by itself: handing connections over costs half as much CPU again (docs/benchmarks.md).
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ execArgv: [...settings.options] });
  const worker = cluster.fork(settings.environment);
  const { pid } = worker.process;
  worker.on("message", (value: unknown) => {
    const message = readToSupervisor(value);
    if (message) hear(message);
    else log.warn({ event: "process.message", process: pid }, "a process said something unknown");
  });
  const ended = new Promise<ProcessEnd>((resolve) => {
    worker.on("exit", (status: number, signal: string) => {
      resolve({ status: signal ? null : status, signal: signal || null });
    });
    worker.on("error", (error) => {
      log.error(
        { event: "process.message", process: pid, causes: causeChain(error) },
        "a process cannot be made or reached",
      );
      if (pid === undefined) resolve({ status: null, signal: null });
    });
  });
  return {
    pid,
    ended,
    send: (message) => {
      // One that is just ending is heard of by `ended`.
      worker.send(message, () => undefined);
    },
    kill: () => void worker.process.kill("SIGKILL"),
  };
}
