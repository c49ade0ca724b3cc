import { readFileSync } from "node:fs";
import type { Doing } from "./watch.ts";

/** What the main thread of a process does now, where the system is a Linux. */
export function doingOf(pid: number | undefined): Doing {
  if (pid === undefined) return null;
  try {
    return doingIn(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    // Another system, or it has ended this moment, of which the supervisor hears anyhow.
    return null;
  }
}

/** The same from its line in /proc (proc_pid_stat(5)): the state stands behind the name, which may hold anything. */
export function doingIn(stat: string): Doing {
  switch (stat.slice(stat.lastIndexOf(")") + 2)[0]) {
    case "R":
      return "computes";
    case "T":
      return "stopped";
    // Sleeping, also where no signal wakes it; "t" is held by a debugger.
    case "S":
    case "D":
    case "t":
      return "waits";
    default:
      return null;
  }
}
