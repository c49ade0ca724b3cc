import { cpus, release } from "node:os";
import { CONTESTANTS } from "./contestants.ts";
import { cellName, goalsOf, rowOf } from "./goals.ts";
import type { Figures } from "./measure.ts";
import { NEWEST_MESSAGES } from "./newest.ts";
import type { Plan } from "./plan.ts";
import { median, passCpuS, passS, type Results, type Row, wallS } from "./results.ts";

/** The results as Markdown. */
export function tableOf(plan: Plan, results: Results, versions: string): string {
  return [
    `Taken on ${new Date().toISOString().slice(0, 10)} on ${cpus().length} cores (${cpus()[0]?.model.trim() ?? "?"}, Linux ${release()}), ${versions}.`,
    ...scaleLines(plan),
    `Medians of ${plan.runs} ${plan.runs === 1 ? "run" : "runs"}, taken in turn.`,
    "",
    ...rowLines(plan, results),
    ...trafficLines(results),
    ...newestLines(results),
    ...goalLines(results),
  ].join("\n");
}

function scaleLines({ scale }: Plan): string[] {
  return scale === 1 ? [] : [`**Only ${scale * 100} % of the messages: these figures say nothing.**`];
}

function rowLines(plan: Plan, results: Results): string[] {
  const lines = [
    "| | messages/s | MB/s | s | of that the pass, s | CPU of the pass, s | peak RSS (before the pass), MB | pass without change, s | imbarco is faster by | the copy |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
  ];
  for (const cell of plan.cells) {
    const rows = results.rows.filter((row) => row.cell === cell);
    const [first] = rows;
    if (!first) continue;
    const { messages, octets } = first.seeded;
    const size = `${messages} messages, ${(octets / 1e6).toFixed(0)} MB`;
    lines.push(`| **${cellName(cell)}** (${size}) | | | | | | | | | |`);
    const ours = rowOf(results, cell, "imbarco");
    for (const row of rows) lines.push(row.runs.length > 0 ? rowLine(row, ours) : failedLine(row));
    if (ours) lines.push(...ratioLines(rows, ours));
  }
  return [...lines, ""];
}

function rowLine(row: Row, ours: Row | undefined): string {
  const { runs, seeded, unchanged } = row;
  const isOwn = runs[0]?.own !== null;
  const isLimit = kindOf(row) === "limit";
  const seconds = isOwn ? passS(runs) : wallS(runs);
  const fields = [
    row.contestant,
    Math.round(seeded.messages / seconds),
    (seeded.octets / 1e6 / seconds).toFixed(0),
    wallS(runs).toFixed(2),
    isOwn ? passS(runs).toFixed(2) : "",
    passCpuS(runs).toFixed(2),
    isLimit ? "" : memory(runs),
    unchanged.length > 0 ? passS(unchanged).toFixed(2) : "",
    ours && ours !== row ? (seconds / passS(ours.runs)).toFixed(2) : "",
    failureOf(row) ?? (row.difference === undefined ? "" : (row.difference ?? "exact")),
  ];
  return `| ${fields.join(" | ")} |`;
}

function memory(runs: readonly Figures[]): string {
  const peak = median(runs.map(({ rssMb }) => rssMb)).toFixed(0);
  const before = median(runs.flatMap(({ own }) => own?.rssBeforeMb ?? []));
  return Number.isNaN(before) ? peak : `${peak} (${before.toFixed(0)})`;
}

function failedLine(row: Row): string {
  return `| ${row.contestant} | | | | | | | | | ${failureOf(row) ?? "not run"} |`;
}

/** In one cell of a table. */
function failureOf({ failure }: Row): string | null {
  return failure?.replaceAll("|", "/").replaceAll("\n", " ") ?? null;
}

/** imbarco against the best of the others and against what no copier can beat. */
function ratioLines(rows: readonly Row[], ours: Row): string[] {
  const peers = rows.filter((row) => kindOf(row) === "peer" && row.runs.length > 0);
  const seconds = (row: Row) => (row.runs[0]?.own ? passS(row.runs) : wallS(row.runs));
  const best = peers.toSorted((a, b) => seconds(a) - seconds(b))[0];
  const limits = rows.filter(({ contestant, runs }) => contestant.endsWith("-alone") && runs.length > 0);
  const limit = limits.toSorted((a, b) => seconds(b) - seconds(a))[0];
  const texts = [
    best && `${(seconds(best) / seconds(ours)).toFixed(2)} × the best peer (${best.contestant})`,
    limit &&
      `${Math.round((seconds(limit) / seconds(ours)) * 100)} % of what the slower half alone reaches (${limit.contestant})`,
  ].filter((text) => text !== undefined);
  return texts.length > 0 ? [`| *imbarco: ${texts.join(", ")}* | | | | | | | | | |`] : [];
}

function kindOf(row: Row): string | undefined {
  return CONTESTANTS.find(({ name }) => name === row.contestant)?.kind;
}

function trafficLines({ traffic }: Results): string[] {
  if (traffic.length === 0) return [];
  return [
    "What a pass of imbarco without change sends (plain, seen by a relay):",
    "",
    "| corpus | commands to the source | round trips | commands to the target | round trips |",
    "| --- | --- | --- | --- | --- |",
    ...traffic.map(
      ({ cell, source, target }) =>
        `| ${cell.corpus} | ${source.commands} | ${source.turns} | ${target.commands} | ${target.turns} |`,
    ),
    "",
  ];
}

function newestLines({ newest }: Results): string[] {
  if (newest.length === 0) return [];
  return [
    `From the OK of the first login at \`imbarco serve\` to the newest ${NEWEST_MESSAGES} messages of the INBOX at the target:`,
    "",
    "| | median, s | slowest, s |",
    "| --- | --- | --- |",
    ...newest.map(({ cell, ms }) => {
      const seconds = [median(ms), Math.max(...ms)].map((value) => (value / 1000).toFixed(2));
      return `| ${cellName(cell)} | ${seconds.join(" | ")} |`;
    }),
    "",
  ];
}

function goalLines(results: Results): string[] {
  const verdict = (met: boolean | null) => (met === null ? "not measured" : met ? "yes" : "**no**");
  return [
    "| goal | found | met |",
    "| --- | --- | --- |",
    ...goalsOf(results).map(({ text, found, met }) => `| ${text} | ${found ?? ""} | ${verdict(met)} |`),
    "",
  ];
}
