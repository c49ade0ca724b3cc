import type { Cell } from "./plan.ts";
import {
  cpuEach,
  cpuSecondsPerGigabyte,
  type Figures,
  kilobytesPerSession,
  middleOf,
  perSecond,
  type Results,
  resumedShare,
  rowOf,
} from "./results.ts";

/** One goal and what was found; `null` = not measured in this run. */
export interface Goal {
  readonly text: string;
  readonly found: string | null;
  readonly met: boolean | null;
}

const PLAIN_50: Cell = { kind: "logins", tls: false, clients: 50, resume: false };
const TLS_1: Cell = { kind: "logins", tls: true, clients: 1, resume: false };
const TLS_RESUMED: Cell = { kind: "logins", tls: true, clients: 10, resume: true };

/**
 * The goals for sessions, held against what was measured. They were set on another machine, where the same peers were measured: figures of time are turned into multiples of a peer's, since
 * only ratios within one run say something.
 */
export function goalsOf(results: Results): Goal[] {
  const down = (tls: boolean): Cell => ({ kind: "relay", tls, direction: "down" });
  const noop = (tls: boolean): Cell => ({ kind: "noop", tls });
  const idle = (tls: boolean): Cell => ({ kind: "idle", tls });
  const ours = (cell: Cell, value: (run: Figures) => number) => figureOf(results, "imbarco", cell, value);
  const theirs = (who: string, cell: Cell, value = perSecond) => figureOf(results, who, cell, value);
  const p50 = ({ p50Ms }: Figures) => p50Ms;
  const gigabyte = (tls: boolean) => ({
    ours: ours(down(tls), cpuSecondsPerGigabyte),
    nginx: theirs("nginx", down(tls), cpuSecondsPerGigabyte),
  });
  return [
    atMostTimes("CPU a plain login, 50 clients (220 µs where nginx takes 114)", 1.93, "nginx", {
      ours: ours(PLAIN_50, cpuEach),
      theirs: theirs("nginx", PLAIN_50, cpuEach),
      unit: " µs",
    }),
    atLeast(
      "plain logins/s at 50 clients ≥ Dovecot's proxy",
      ours(PLAIN_50, perSecond),
      theirs("Dovecot proxy", PLAIN_50),
    ),
    atMostTimes(
      "TLS login p50, one client (2.5 ms where Dovecot's proxy takes 1.9)",
      1.32,
      "Dovecot's proxy",
      {
        ours: ours(TLS_1, p50),
        theirs: theirs("Dovecot proxy", TLS_1, p50),
        unit: " ms",
      },
    ),
    atLeast("TLS 1.3 resumed ≥ 95 %", scaled(ours(TLS_RESUMED, resumedShare), 100), 95, " %"),
    atMostTimes("plain relay, CPU a GB (0.4 s where nginx takes 0.71)", 0.56, "nginx", {
      ours: gigabyte(false).ours,
      theirs: gigabyte(false).nginx,
      unit: " s",
    }),
    atMostTimes("TLS relay, CPU a GB (0.85 s where nginx takes 1.64)", 0.52, "nginx", {
      ours: gigabyte(true).ours,
      theirs: gigabyte(true).nginx,
      unit: " s",
    }),
    atLeast("NOOP/s ≥ nginx, plain", ours(noop(false), perSecond), theirs("nginx", noop(false))),
    atLeast("NOOP/s ≥ nginx, TLS", ours(noop(true), perSecond), theirs("nginx", noop(true))),
    atMost("idle session ≤ 14 KB, plain", ours(idle(false), kilobytesPerSession), 14, " KB"),
    atMost("idle session ≤ 60 KB, TLS", ours(idle(true), kilobytesPerSession), 60, " KB"),
  ];
}

function figureOf(results: Results, who: string, cell: Cell, value: (run: Figures) => number): number | null {
  const row = rowOf(results, who, cell);
  return row ? middleOf(row, value) : null;
}

function scaled(value: number | null, by: number): number | null {
  return value === null ? null : value * by;
}

function atMost(text: string, value: number | null, limit: number, unit: string): Goal {
  if (value === null) return { text, found: null, met: null };
  return { text, found: `${shown(value)}${unit}`, met: value <= limit };
}

/** A goal in figures of the machine where it was set, as what it was there: a multiple of a peer's. */
function atMostTimes(
  text: string,
  times: number,
  who: string,
  {
    ours,
    theirs,
    unit,
  }: { readonly ours: number | null; readonly theirs: number | null; readonly unit: string },
): Goal {
  const goal = `${text}: ≤ ${times} × ${who}`;
  if (ours === null || theirs === null) return { text: goal, found: null, met: null };
  const found = `${shown(ours / theirs)} (${shown(ours)}${unit}, there ${shown(theirs)})`;
  return { text: goal, found, met: ours <= times * theirs };
}

function atLeast(text: string, value: number | null, limit: number | null, unit = ""): Goal {
  if (value === null || limit === null) return { text, found: null, met: null };
  const other = unit === "" ? ` (there ${shown(limit)})` : "";
  return { text, found: `${shown(value)}${unit}${other}`, met: value >= limit };
}

/** Three figures that count. */
export function shown(value: number): string {
  if (Number.isNaN(value)) return "";
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
