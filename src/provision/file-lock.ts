import { randomUUID } from "node:crypto";
import { type FileHandle, open, readFile, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { sleep } from "../kit/deadline.ts";

/** How long to wait for others; the longest holder rewrites a file of a million rows. */
const WAIT_LIMIT_MS = 15_000;
const LOOK_AGAIN_MS = 15;

/** A lock of another machine, or one that says nothing of its holder, counts as left behind after this time. */
const FOREIGN_LIMIT_MS = 60_000;

/** A lock is taken away within microseconds, under a lock of its own; one that is older was left by a crash. */
const BREAKING_LIMIT_MS = 10_000;

/** Who made a lock file: it stands in it as a line `host pid start nonce`. */
interface Holder {
  readonly host: string;
  readonly pid: number;
  readonly start: string;
}

/** Somebody else holds the lock, and longer than we wait. */
export class LockBusyError extends Error {
  override readonly name = "LockBusyError";
}

/**
 * Runs `work` while holding the lock file, which is made and removed; other processes wait for each other by it. A lock whose
 * holder is no more is taken away.
 * @throws {LockBusyError} when it is not free in time, naming the holder
 */
export async function withFileLock<T>(
  lockFile: string,
  work: () => Promise<T>,
  waitLimitMs = WAIT_LIMIT_MS,
): Promise<T> {
  const line = `${hostname()} ${process.pid} ${await startOf(process.pid)} ${randomUUID()}\n`;
  const end = performance.now() + waitLimitMs;
  while (!(await take(lockFile, line))) {
    if (await isLeftBehind(lockFile)) await breakLock(lockFile);
    else if (performance.now() >= end) throw await busyError(lockFile, waitLimitMs);
    else await sleep(LOOK_AGAIN_MS * (0.5 + Math.random()));
  }
  try {
    return await work();
  } finally {
    if ((await contentOf(lockFile)) === line) await rm(lockFile, { force: true });
  }
}

async function take(lockFile: string, line: string): Promise<boolean> {
  let handle: FileHandle;
  try {
    handle = await open(lockFile, "wx", 0o644);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
  try {
    await handle.writeFile(line);
  } catch (error) {
    // On a full disk: a lock that does not name its holder would keep everybody out for a while.
    await rm(lockFile, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  return true;
}

async function isLeftBehind(lockFile: string): Promise<boolean> {
  const content = await contentOf(lockFile);
  if (content === null) return false;
  const holder = holderIn(content);
  if (holder?.host === hostname()) return (await startOf(holder.pid)) !== holder.start;
  return (await ageMs(lockFile)) > FOREIGN_LIMIT_MS;
}

/** Two waiters may see the same dead lock, and the slower one must not remove the quicker one's new lock: so one at a time, looking anew. */
async function breakLock(lockFile: string): Promise<void> {
  const breaking = `${lockFile}.breaking`;
  if (!(await take(breaking, ""))) {
    if ((await ageMs(breaking)) > BREAKING_LIMIT_MS) await rm(breaking, { force: true });
    await sleep(LOOK_AGAIN_MS);
    return;
  }
  try {
    if (await isLeftBehind(lockFile)) await rm(lockFile, { force: true });
  } finally {
    await rm(breaking, { force: true });
  }
}

async function busyError(lockFile: string, waitLimitMs: number): Promise<LockBusyError> {
  const holder = holderIn((await contentOf(lockFile)) ?? "");
  const who = holder ? `process ${holder.pid} on ${holder.host}` : "another process";
  return new LockBusyError(`${who} has held the lock ${lockFile} for more than ${waitLimitMs / 1000} s`);
}

async function contentOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** 0 for a file that has gone. */
async function ageMs(file: string): Promise<number> {
  try {
    return Date.now() - (await stat(file)).mtimeMs;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return 0;
    throw error;
  }
}

function holderIn(content: string): Holder | undefined {
  const [host, pid, start] = content.trim().split(" ");
  return host && pid && start ? { host, pid: Number(pid), start } : undefined;
}

/** When a process began, in the kernel's ticks, so that a new process with an old number is told apart; `gone` = there is none. */
async function startOf(pid: number): Promise<string> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, "latin1");
    // proc(5): field 22; the second, in brackets, may hold spaces.
    return line.slice(line.lastIndexOf(")") + 2).split(" ")[19] ?? "unknown";
  } catch {
    return isAlive(pid) ? "unknown" : "gone";
  }
}

/** For systems without /proc. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
