import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as after } from "node:timers/promises";
import { endTree } from "../../test/kit/processes.ts";
import type { OwnFigures } from "./job.ts";

/** GNU time: asks the kernel what the program and its children used. */
const TIME = "/usr/bin/time";
const LIMIT_MS = 5 * 60_000;

/** What a program used. */
export interface Figures {
  /** From its start to its end. */
  readonly wallMs: number;
  /** User and system, its children included. */
  readonly cpuMs: number;
  /** Largest resident size. */
  readonly rssMb: number;
  /** Of our own programs. */
  readonly own: OwnFigures | null;
}

/** @throws when GNU time is not there */
export function checkTime(): void {
  if (!existsSync(TIME)) throw new Error(`${TIME} is needed to measure: apt-get install time`);
}

/**
 * Runs a program to its end and measures it.
 * @throws when it fails or takes more than five minutes, with what it wrote
 */
export async function measure(command: readonly string[], folder: string): Promise<Figures> {
  const report = join(folder, "time");
  const start = performance.now();
  const child = spawn(TIME, ["-q", "-o", report, "-f", "%U %S %M", ...command], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const giveUp = new AbortController();
  const ended = once(child, "exit").then(([status]) => ({
    status: status as number | null,
    wallMs: performance.now() - start,
  }));
  const tooLong = after(LIMIT_MS, "too long" as const, { signal: giveUp.signal }).catch(
    () => "ended" as const,
  );
  const first = await Promise.race([ended, tooLong]);
  giveUp.abort();
  if (first === "too long" && child.pid !== undefined) await endTree(child.pid, 500);
  const { status, wallMs } = await ended;
  const [stdout, stderr] = await output;
  if (first === "too long") throw new Error(`was stopped after ${LIMIT_MS / 60_000} minutes`);
  if (status !== 0) {
    const said = (stderr + stdout).trim();
    // Node prints the lines of the source first.
    const telling = said.split("\n").find((line) => /error|fail/i.test(line)) ?? said.split("\n").at(-1);
    throw new Error(`ended with ${status}: ${telling?.trim().slice(0, 300)}`, { cause: said.slice(-4000) });
  }
  const [user = 0, system = 0, kilobytes = 0] = (await readFile(report, "utf8")).split(" ").map(Number);
  return {
    wallMs,
    cpuMs: (user + system) * 1000,
    rssMb: (kilobytes * 1024) / 1e6,
    own: ownFigures(stdout),
  };
}

function ownFigures(stdout: string): OwnFigures | null {
  const line = stdout.trimEnd().split("\n").at(-1) ?? "";
  return line.startsWith("{") ? (JSON.parse(line) as OwnFigures) : null;
}
