import { readdir, readFile } from "node:fs/promises";
import { waitFor } from "./wait-for.ts";

/** Whether a process of this id runs (a zombie does not). */
export async function isAlive(pid: number): Promise<boolean> {
  const state = await processStat(pid);
  return state !== undefined && state.state !== "Z";
}

/** The process and all its descendants, parents first. */
export async function processTree(pid: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await processStat(Number(name));
    if (stat) parents.set(Number(name), stat.parent);
  }
  const tree = [pid];
  for (const member of tree) for (const [child, parent] of parents) if (parent === member) tree.push(child);
  return tree;
}

/** Sends a signal to each; one that has ended already is fine. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** Ends a process and its descendants: politely first, by force after `politeMs`. Returns when all are gone. */
export async function endTree(pid: number, politeMs = 10_000): Promise<void> {
  const tree = await processTree(pid);
  const allGone = async () => !(await Promise.all(tree.map(isAlive))).includes(true);
  signalAll([pid], "SIGTERM");
  try {
    await waitFor(allGone, `the end of process ${pid}`, { limitMs: politeMs });
  } catch {
    signalAll(tree, "SIGKILL");
    await waitFor(allGone, `the end of process ${pid} by force`);
  }
}

async function processStat(pid: number): Promise<{ state: string; parent: number } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => ""); // ended meanwhile
  // The name in brackets may hold blanks and brackets itself: the last one closes it.
  const [state, parent] = text.slice(text.lastIndexOf(")") + 2).split(" ", 2);
  return state && parent ? { state, parent: Number(parent) } : undefined;
}
