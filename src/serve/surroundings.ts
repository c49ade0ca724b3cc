import type { Role } from "../config/config.ts";
import type { Copier } from "../copy/worker.ts";
import type { SessionRegistry } from "../session/registry.ts";

/** Ends one part of the program and resolves when it has ended. */
export type Stop = () => Promise<unknown>;

/** What sessions tell the copier: there is a job, somebody has opened an account or closed it. */
export type CopierLine = Pick<Copier, "wake" | "follow" | "unfollow">;

/** What runs in this process, once it does. */
export interface Running {
  /** The sessions under way; empty where this process has no listeners. */
  readonly registry: SessionRegistry;
  /** The copier; `null` where another process has it, or nobody. */
  readonly copier: Copier | null;
  /** Reads the configuration again, as SIGHUP does; `level` is the log level from then on. */
  reread(): Promise<void>;
}

/** What a process does of all that the configuration names, and who does the rest. */
export interface Surroundings {
  readonly roles: readonly Role[];
  /** Processes that accept connections beside one another: what is bounded for the machine is divided by this. */
  readonly proxies: number;
  /** The copier in another process; `null` where there is none. */
  readonly copier: CopierLine | null;
  /** What `/readyz` tells of other processes. */
  readonly others: () => Readonly<Record<string, boolean>>;
  /** Level of the lines that say how far this process is: one of several is no event for the people who read them. */
  readonly level: "info" | "debug";
  /** Whether others serve already when this process drains: then who has not logged in yet may still do so here. */
  readonly isHandedOver: () => boolean;
  /** Called when everything runs; what it gives is called first when the process stops. */
  readonly onReady: (running: Running) => Promise<Stop>;
}
