import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { endTree, processTree, signalAll } from "../../test/kit/processes.ts";
import { waitFor } from "../../test/kit/wait-for.ts";
import type { LoadJob, LoadResult } from "./load-job.ts";

/** The core of whatever is measured, and the one of everything else. */
export const PROXY_CORE = 1;
const OTHER_CORE = 0;
const TASKSET = "/usr/bin/taskset";

/** Whether processes can be kept apart: two cores at least, and util-linux. */
export function canPin(): boolean {
  return cpus().length > 1 && existsSync(TASKSET);
}

/** A command line that runs on one core only, where that can be. */
export function pinned(core: number, command: readonly [string, ...string[]]): [string, ...string[]] {
  return canPin() ? [TASKSET, "-c", String(core), ...command] : [...command];
}

/** Starts a program of this folder that speaks by IPC. */
function fork(program: string): ChildProcess {
  const [file, ...args] = pinned(OTHER_CORE, [process.execPath, join(import.meta.dirname, program)]);
  return spawn(file, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

/** The mail server behind the proxies. */
export async function startStub(): Promise<{ port: number; stop(): Promise<void> }> {
  const child = fork("stub.ts");
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return { port, stop: () => stopped(child) };
}

/** A load generator: one job at a time. */
export class Load {
  readonly #child = fork("load.ts");

  /** @throws when nothing at all succeeded */
  async run(job: LoadJob): Promise<LoadResult> {
    const answer = once(this.#child, "message") as Promise<[LoadResult]>;
    this.#child.send(job);
    const [result] = await answer;
    if (job.kind !== "close" && result.count === 0)
      throw new Error(`${job.kind}: ${result.firstError ?? "nothing happened"}`);
    return result;
  }

  stop(): Promise<void> {
    return stopped(this.#child);
  }
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.disconnect();
  await exited;
}

/** A server that is measured. */
export interface Server {
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/** Servers that run, for the end of this process: they do not end with it by themselves. */
const running = new Set<number>();
process.on("exit", () => signalAll([...running], "SIGTERM"));

/**
 * Starts a server on the proxies' core, its log in `folder`, and waits until `isReady`.
 * @throws with what it wrote when it ends or is not ready in time
 */
export async function startServer(
  command: readonly [string, ...string[]],
  folder: string,
  isReady: () => Promise<boolean>,
): Promise<Server> {
  const [file, ...args] = pinned(PROXY_CORE, command);
  // Into a file, as a service's log: a pipe would have to be read here, on the core of the load.
  const log = join(folder, "output");
  const descriptor = openSync(log, "a");
  const child = spawn(file, args, { stdio: ["ignore", descriptor, descriptor] });
  closeSync(descriptor);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command[0]} cannot be started`);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  running.add(pid);
  const stop = async () => {
    if (!hasEnded()) await endTree(pid);
    running.delete(pid);
  };
  try {
    await waitFor(async () => hasEnded() || (await isReady()), `${command[0]} to greet`, { limitMs: 20_000 });
    if (hasEnded()) throw new Error(`${command[0]} ended at once`);
  } catch (error) {
    await stop();
    const text = await readFile(log, "utf8");
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${text}`, { cause: error });
  }
  return { pid, stop };
}

/** Processor time of a process, its threads and its children so far, in microseconds. */
export async function cpuMicroseconds(pid: number): Promise<number> {
  let nanoseconds = 0;
  for (const member of await processTree(pid)) {
    const tasks = await readdir(`/proc/${member}/task`).catch(() => []); // ended meanwhile
    for (const task of tasks) {
      // proc_pid_schedstat(5): time on a processor in nanoseconds; /proc/PID/stat counts in steps of 10 ms.
      const text = await readFile(`/proc/${member}/task/${task}/schedstat`, "latin1").catch(() => "0");
      nanoseconds += Number(text.split(" ")[0]);
    }
  }
  return nanoseconds / 1000;
}

/** Memory of a process and its children in octets, with their share of what they have in common (PSS). */
export async function memoryOctets(pid: number): Promise<number> {
  let kilobytes = 0;
  for (const member of await processTree(pid)) {
    const text = await readFile(`/proc/${member}/smaps_rollup`, "latin1").catch(() => ""); // ended meanwhile
    kilobytes += Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0);
  }
  return kilobytes * 1024;
}
