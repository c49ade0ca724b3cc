import { availableParallelism } from "node:os";
import type { Config, Role } from "../config/config.ts";
import type { WrittenConfig } from "../config/schema.ts";

/** What a process beside the supervisor does. */
export type Job = Role;

/** What the supervisor must know of a configuration; the processes that it starts read the rest themselves. */
export interface Plan {
  /** The configuration file. */
  readonly configuration: string;
  /** How many processes of each kind. */
  readonly proxies: number;
  readonly copiers: number;
  readonly admins: number;
  readonly drainMs: number;
  readonly dataDir: string;
  readonly logLevel: string;
  /** The whole of it as it stands in the file, without the secrets, which stand in files of their own. */
  readonly written: object;
}

/** A place for one process: what it does, and which of those that do the same it is, from 1. */
export interface Seat {
  readonly job: Job;
  readonly number: number;
}

/** What a configuration asks of the supervisor. `auto` is one process for mail programs on each core that this one may use. */
export function planOf(config: Config, written: WrittenConfig, cores: number = availableParallelism()): Plan {
  const has = (role: Role) => config.roles.includes(role);
  return {
    configuration: config.file,
    proxies: has("proxy") ? (config.processes === "auto" ? cores : config.processes) : 0,
    copiers: has("copier") ? 1 : 0,
    admins: has("admin") && config.admin !== null ? 1 : 0,
    drainMs: config.drainMs,
    dataDir: config.dataDir,
    logLevel: config.log.level,
    written,
  };
}

/** The processes of a plan. */
export function seatsOf({ proxies, copiers, admins }: Plan): Seat[] {
  const seats = (job: Job, count: number) =>
    Array.from({ length: count }, (_, index) => ({ job, number: index + 1 }));
  return [...seats("proxy", proxies), ...seats("copier", copiers), ...seats("admin", admins)];
}
