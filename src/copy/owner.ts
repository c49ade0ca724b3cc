import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/**
 * A name for this process as holder of leases: `host/pid/start time/random`. The start time tells a process from an earlier
 * one that had the same number.
 */
export function workerOwner(): string {
  const start = statOf(process.pid)?.start ?? "-";
  return `${hostname()}/${process.pid}/${start}/${randomBytes(4).toString("hex")}`;
}

/**
 * Whether the holder of a lease was a process of this machine that has ended: its leases may be taken at once. A holder on
 * another machine, or one that cannot be told, counts as alive: its lease runs out by itself.
 */
export function isDeadHere(owner: string): boolean {
  const [host, pidText, start] = owner.split("/");
  const pid = Number(pidText);
  if (host !== hostname() || !Number.isInteger(pid) || pid <= 0 || start === undefined) return false;
  if (!isRunning(pid)) return true;
  const seen = statOf(pid);
  if (seen === undefined) return false;
  return ENDED.has(seen.state) || (start !== "-" && seen.start !== start);
}

/** proc(5): a zombie has ended and waits for its parent to notice; X is dead. */
const ENDED: ReadonlySet<string> = new Set(["Z", "X"]);

function isRunning(pid: number): boolean {
  try {
    // Signal 0 asks only whether the process is there (kill(2)).
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Fields 3 and 22 of /proc/PID/stat: state, and start in clock ticks since boot; `undefined` where there is no /proc (not Linux) or no process. */
function statOf(pid: number): { state: string; start: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the command in brackets and may hold spaces and brackets itself: count from the last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields.at(0) ?? "", start: fields.at(19) ?? "" };
  } catch {
    return undefined;
  }
}
