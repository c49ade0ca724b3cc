import { setImmediate } from "node:timers/promises";
import type { Role } from "../config/config.ts";

/**
 * V8 looks for short-lived garbage after 2 MB instead of 16: halves what a copy needs beyond an idle process, at no cost (docs/benchmarks.md). Whoever only logs people in keeps
 * the 16, with which a login costs a sixth less.
 */
const COPYING = "--max-semi-space-size=2";
/** glibc, whose own idea of what to keep grows with the work, gives freed memory back. */
const EVERYWHERE = { MALLOC_TRIM_THRESHOLD_: "131072" };
/** One heap of glibc's for all threads instead of one each: the others of a process that copies hardly allocate. */
const WHERE_COPIED = { ...EVERYWHERE, MALLOC_ARENA_MAX: "1" };
/** Says that a process has begun again already. */
const MARK = "IMBARCO_SETTINGS";

/** Settings that Node and its C library take at the start of a process only. */
export interface NodeSettings {
  /** In place of those of the process that starts it. */
  readonly options: readonly string[];
  /** Beside that of the process that starts it. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The settings of a process that does these jobs. A service runs for weeks, and shares its machine.
 * @param own options of Node that the administrator has given: they stand last, and so count
 * @param environment what he has set there stays too
 */
export function nodeSettings(
  roles: readonly Role[],
  own: readonly string[],
  environment: NodeJS.ProcessEnv,
): NodeSettings {
  const isOnlyProxy = roles.every((role) => role === "proxy");
  const set = Object.entries(isOnlyProxy ? EVERYWHERE : WHERE_COPIED).filter(
    ([name]) => environment[name] === undefined,
  );
  // Node takes those of `NODE_OPTIONS` before the ones here, which would count.
  const his = environment["NODE_OPTIONS"] ?? "";
  const isHis = his.includes(COPYING.split("=", 1)[0] as string);
  return { options: isOnlyProxy || isHis ? own : [COPYING, ...own], environment: Object.fromEntries(set) };
}

/** The settings of a process that is started for a job. @param own options of Node that the administrator has given */
export function settingsOfChild(job: Role, own: readonly string[]): NodeSettings {
  return nodeSettings([job], own, process.env);
}

/**
 * The same program in the same process, begun again with the settings for these jobs. Does nothing where that has happened, or cannot be done (Windows).
 * @param signal aborts when the process is told to end: the new beginning would know nothing of it
 */
export async function beginAgain(roles: readonly Role[], signal: AbortSignal): Promise<void> {
  if (process.execve === undefined || process.env[MARK] !== undefined) return;
  // What the system has told already is heard in the next turn of the event loop; the first one only ends the present turn.
  await setImmediate();
  await setImmediate();
  if (signal.aborted) return;
  // What Node catches from here on would be lost with this image. Without a listener the system ends the process itself, which serves nobody yet.
  for (const name of ["SIGTERM", "SIGINT"]) process.removeAllListeners(name);
  const { options, environment } = nodeSettings(roles, process.execArgv, process.env);
  process.execve(process.execPath, [process.execPath, ...options, ...process.argv.slice(1)], {
    ...process.env,
    ...environment,
    [MARK]: "1",
  });
}
