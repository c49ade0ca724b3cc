import { setTimeout as sleep } from "node:timers/promises";
import { imbarco } from "./peers/imbarco.ts";
import type { Plan } from "./plan.ts";
import { Load, memoryOctets } from "./processes.ts";
import { median } from "./results.ts";
import { Stage, warmUp } from "./run-plan.ts";

/** Memory at one moment of the soak. */
export interface Sample {
  readonly atMs: number;
  readonly octets: number;
}

/** The share of the whole time after which memory must not grow any more: ten seconds of a minute. */
const SETTLED_AFTER = 1 / 6;
/** Collectors come and go: what is less is no growth. */
const NOISE = 0.03;
const EVERY_MS = 1_000;
const IDLE_ACCOUNTS = 4;

/**
 * By how much memory has grown since it had settled, as a share of what it was then: the middle of the last sixth against the middle of the
 * second one. Not more than some percent of noise is none.
 */
export function growthOf(samples: readonly Sample[]): { readonly share: number; readonly isNone: boolean } {
  const end = samples.at(-1)?.atMs ?? 0;
  const middle = (from: number, to: number) =>
    median(samples.filter(({ atMs }) => atMs >= from && atMs <= to).map(({ octets }) => octets));
  const settled = middle(end * SETTLED_AFTER, end * 2 * SETTLED_AFTER);
  const share = middle(end * (1 - SETTLED_AFTER), end) / settled - 1;
  return { share, isNone: share <= NOISE };
}

/**
 * 5,000 idle sessions over TLS while 200 logins a second come and go for a minute, all over TLS: no error, and no growth of memory after the first ten
 * seconds. Says how it went; returns whether both are true.
 */
export async function soak({ sizes }: Plan, folder: string, say: (line: string) => void): Promise<boolean> {
  const stage = await Stage.set(folder);
  const sessions = new Load();
  try {
    const actor = await stage.start(imbarco, IDLE_ACCOUNTS);
    const { pid, tls: door } = actor.running;
    if (pid === null || door === null) throw new Error("imbarco has no door for TLS");
    try {
      await warmUp(stage, actor, sizes.runMs, [true]);
      const { users } = actor;
      const opened = await sessions.run({ kind: "idle", door, users, sessions: sizes.idleSessions });
      say(`${opened.count} idle sessions are open, ${opened.errors} errors ${opened.firstError ?? ""}`);
      const began = performance.now();
      const logins = stage.load.run({
        kind: "logins",
        door,
        users,
        clients: 50,
        resume: false,
        forMs: sizes.soakMs,
        rate: sizes.soakLoginsPerSecond,
      });
      const samples: Sample[] = [];
      const state = { isOver: false };
      const ended = logins.finally(() => {
        state.isOver = true;
      });
      ended.catch(() => {}); // heard below
      while (!state.isOver) {
        const sample = { atMs: performance.now() - began, octets: await memoryOctets(pid) };
        samples.push(sample);
        say(`${(sample.atMs / 1000).toFixed(0)} s: ${(sample.octets / 1e6).toFixed(1)} MB`);
        await sleep(EVERY_MS);
      }
      const { count, errors, firstError, p50Ms, p99Ms } = await ended;
      const { share, isNone } = growthOf(samples);
      const isRight = errors + opened.errors === 0 && isNone;
      say(
        `${count} logins (p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms), ${errors} errors ${firstError ?? ""}`,
      );
      say(`memory after the first sixth: ${(share * 100).toFixed(1)} % (noise is ${NOISE * 100} %)`);
      say(isRight ? "passed" : "FAILED");
      await sessions.run({ kind: "close" });
      return isRight;
    } finally {
      await actor.running.stop();
    }
  } finally {
    await sessions.stop();
    await stage.end();
  }
}
