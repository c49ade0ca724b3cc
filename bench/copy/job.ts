import { readFile } from "node:fs/promises";

/** One side of a copy as a program is told of it. */
export interface Side {
  readonly host: string;
  readonly port: number;
  readonly tls: "none" | "starttls";
  /** The authority that signed the server's certificate. */
  readonly caFile: string;
  readonly user: string;
  readonly password: string;
  readonly passwordFile: string;
}

/** What a copier under measurement has to do: everything from one side to the other. */
export interface CopyJob {
  readonly source: Side;
  readonly target: Side;
  /** Where it may keep what it remembers. It is there already, empty before the first run of a copier for this target. */
  readonly folder: string;
  /** Another copy that the same process makes before, without being measured: as a process that has been at work for a while. */
  readonly before?: CopyJob;
}

/** What one of our own programs says of itself on its last line, as JSON. */
export interface OwnFigures {
  /** From the first connection to the last answer: without the start of Node and the loading of modules. */
  readonly passMs: number;
  /** Of this process in the same time, user and system. */
  readonly passCpuMs: number;
  /** Largest resident size before that: Node and the loaded modules. */
  readonly rssBeforeMb: number;
}

/** The job that a child process was started for: the file that its first argument names. */
export async function readJob(): Promise<CopyJob> {
  return JSON.parse(await readFile(String(process.argv[2]), "utf8")) as CopyJob;
}

/** Measures `work` in this process and prints the figures for the one who started it. */
export async function reportOn(work: () => Promise<void>): Promise<void> {
  const rssBeforeMb = (process.resourceUsage().maxRSS * 1024) / 1e6;
  const start = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const used = process.cpuUsage(cpu);
  const figures: OwnFigures = {
    passMs: performance.now() - start,
    passCpuMs: (used.user + used.system) / 1000,
    rssBeforeMb,
  };
  console.log(JSON.stringify(figures));
}
