import type { CorpusName } from "./corpus.ts";
import { NEWEST_MESSAGES } from "./newest.ts";
import { type Cell, isSame } from "./plan.ts";
import { median, passCpuS, passS, type Results, type Row, wallS } from "./results.ts";

/** One goal and what was found; `null` = not measured in this run. */
export interface Goal {
  readonly text: string;
  readonly found: string | null;
  readonly met: boolean | null;
}

/** The goals for the copier, held against what was measured. */
export function goalsOf(results: Results): Goal[] {
  return [...speedGoals(results), ...costGoals(results), ...unchangedGoals(results), ...newestGoals(results)];
}

function speedGoals(results: Results): Goal[] {
  const faster = (
    corpus: CorpusName,
    peer: string,
    times: number,
    tls: Cell["tls"] = "none",
    latencyMs = 0,
  ) => ratioGoal(results, { corpus, tls, latencyMs }, peer, times);
  return [
    faster("M", "mbsync", 3),
    faster("M", "doveadm", 1.3),
    faster("S", "mbsync", 2),
    faster("M", "bare-pipe", 0.75),
    faster("S", "bare-pipe", 0.75),
    faster("M", "mbsync", 1.5, "starttls"),
    faster("S", "mbsync", 1.5, "starttls"),
    faster("L", "mbsync", 8, "none", 20),
    faster("L", "imapsync", 100, "none", 20),
  ];
}

/**
 * `imbarco serve` is one process that makes many passes, so what counts is the pass of a process that has made one before, beside the whole run of a peer's
 * process; the bare pipe has rehearsed too.
 */
function ratioGoal(results: Results, cell: Cell, peer: string, times: number): Goal {
  const text = `${cellName(cell)}: ≥ ${times} × ${peer}`;
  const ours = rowOf(results, cell, "imbarco");
  const theirs = rowOf(results, cell, peer);
  if (!ours || !theirs) return { text, found: null, met: null };
  const isLimit = peer === "bare-pipe";
  const pass = (isLimit ? passS(theirs.runs) : wallS(theirs.runs)) / passS(ours.runs);
  const first = rowOf(results, cell, "imbarco-first");
  const found = [pass.toFixed(2)];
  if (first) {
    const firstPass = (isLimit ? passS(theirs.runs) : wallS(theirs.runs)) / passS(first.runs);
    const process = wallS(theirs.runs) / wallS(first.runs);
    found.push(
      `(first copy of a process ${firstPass.toFixed(2)}, with the start of Node ${process.toFixed(2)})`,
    );
  }
  return { text, found: found.join(" "), met: pass >= times };
}

function costGoals(results: Results): Goal[] {
  const row = rowOf(results, { corpus: "M", tls: "none", latencyMs: 0 }, "imbarco");
  const seconds = row ? passCpuS(row.runs) : null;
  const all = results.rows.filter(({ contestant, runs }) => contestant === "imbarco" && runs.length > 0);
  const largest = Math.max(...all.flatMap(({ runs }) => median(runs.map(({ rssMb }) => rssMb))));
  return [
    atMost("M, plain: CPU of the pass ≤ 0.6 s", seconds, 0.6, " s"),
    atMost("largest RSS of all cells ≤ 120 MB", all.length > 0 ? largest : null, 120, " MB"),
  ];
}

function unchangedGoals(results: Results): Goal[] {
  const cell: Cell = { corpus: "M", tls: "none", latencyMs: 0 };
  const row = rowOf(results, cell, "imbarco");
  const seconds = row && row.unchanged.length > 0 ? passS(row.unchanged) : null;
  const traffic = results.traffic.find((found) => isSame(found.cell, cell));
  const turns = traffic ? Math.max(traffic.source.turns, traffic.target.turns) : null;
  return [
    atMost("M, plain: a pass without change ≤ 0.15 s", seconds, 0.15, " s"),
    atMost("M, plain: a pass without change ≤ 8 round trips a side", turns, 8, ""),
  ];
}

function newestGoals(results: Results): Goal[] {
  const limits = [
    [0, 1],
    [20, 2],
  ] as const;
  return limits.map(([latencyMs, limitS]) => {
    const text = `newest ${NEWEST_MESSAGES} messages of the INBOX after the first login, ${latencyMs} ms: ≤ ${limitS} s`;
    const found = results.newest.filter(({ cell }) => cell.latencyMs === latencyMs);
    const slowest = Math.max(...found.map(({ ms }) => median(ms) / 1000));
    return atMost(text, found.length > 0 ? slowest : null, limitS, " s");
  });
}

function atMost(text: string, value: number | null, limit: number, unit: string): Goal {
  if (value === null) return { text, found: null, met: null };
  return { text, found: `${Number(value.toFixed(2))}${unit}`, met: value <= limit };
}

/** A row with figures. */
export function rowOf(results: Results, cell: Cell, contestant: string): Row | undefined {
  return results.rows.find(
    (row) => row.contestant === contestant && row.runs.length > 0 && isSame(row.cell, cell),
  );
}

/** A block of the table in words. */
export function cellName({ corpus, tls, latencyMs }: Cell): string {
  const delay = latencyMs === 0 ? "" : `, ${latencyMs} ms RTT`;
  return `${corpus}, ${tls === "none" ? "plain" : "STARTTLS"}${delay}`;
}
