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

/** The goals for sessions, held against what was measured. */
export function goalsOf(results: Results): Goal[] {
  const down = (tls: boolean): Cell => ({ kind: "relay", tls, direction: "down" });
  const noop = (tls: boolean): Cell => ({ kind: "noop", tls });
  const idle = (tls: boolean): Cell => ({ kind: "idle", tls });
  const ours = (cell: Cell, value: (run: Figures) => number) => figureOf(results, "imbarco", cell, value);
  const theirs = (who: string, cell: Cell) => figureOf(results, who, cell, perSecond);
  return [
    atMost("CPU a plain login ≤ 220 µs (50 clients)", ours(PLAIN_50, cpuEach), 220, " µs"),
    atLeast(
      "plain logins/s at 50 clients ≥ Dovecot's proxy",
      ours(PLAIN_50, perSecond),
      theirs("Dovecot proxy", PLAIN_50),
    ),
    atMost(
      "TLS login p50 ≤ 2.5 ms (one client)",
      ours(TLS_1, ({ p50Ms }) => p50Ms),
      2.5,
      " ms",
    ),
    atLeast("TLS 1.3 resumed ≥ 95 %", scaled(ours(TLS_RESUMED, resumedShare), 100), 95, " %"),
    atMost("plain relay ≤ 0.4 CPU s/GB", ours(down(false), cpuSecondsPerGigabyte), 0.4, " s"),
    atMost("TLS relay ≤ 0.85 CPU s/GB", ours(down(true), cpuSecondsPerGigabyte), 0.85, " s"),
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
