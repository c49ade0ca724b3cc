import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/**
 * A name for this process as holder of leases: `host/pid/start time/random`. The start time tells a process from an earlier
 * one that had the same number.
 */
export function workerOwner(): string {
  const start = startTimeOf(process.pid) ?? "-";
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
  const startNow = startTimeOf(pid);
  return start !== "-" && startNow !== undefined && startNow !== start;
}

function isRunning(pid: number): boolean {
  try {
    // Signal 0 asks only whether the process is there (kill(2)).
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Field 22 of /proc/PID/stat: the start in clock ticks since boot; `undefined` where there is no /proc (not Linux) or no process. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the command in brackets and may hold spaces and brackets itself: count from the last one.
    return stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .at(19);
  } catch {
    return undefined;
  }
}
