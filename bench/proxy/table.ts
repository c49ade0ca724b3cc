import { cpus, release } from "node:os";
import { goalsOf, shown } from "./goals.ts";
import type { Cell, Plan } from "./plan.ts";
import { canPin } from "./processes.ts";
import {
  cpuEach,
  cpuSecondsPerGigabyte,
  type Figures,
  kilobytesPerSession,
  megabytesPerSecond,
  middleOf,
  perSecond,
  type Results,
  type Row,
  resumedShare,
  rowOf,
} from "./results.ts";

/** A column: what it is called, and what it shows of a row. */
interface Column {
  readonly name: string;
  readonly cell: Cell;
  readonly show: (row: Row) => string;
}

const logins = (tls: boolean, clients: number, resume = false): Cell => ({
  kind: "logins",
  tls,
  clients,
  resume,
});
const relay = (tls: boolean, direction: "down" | "up"): Cell => ({ kind: "relay", tls, direction });
const figure = (value: (run: Figures) => number) => (row: Row) => shown(middleOf(row, value));
const loginRate = (row: Row) =>
  `${shown(middleOf(row, perSecond))} (${shown(middleOf(row, ({ p50Ms }) => p50Ms))} / ${shown(middleOf(row, ({ p99Ms }) => p99Ms))})`;
const speed = (row: Row) =>
  [megabytesPerSecond, cpuSecondsPerGigabyte].map((value) => shown(middleOf(row, value))).join(" · ");
const noops = (row: Row) =>
  `${shown(middleOf(row, perSecond))} (${shown(middleOf(row, ({ p50Ms }) => p50Ms) * 1000)})`;

const TABLES: readonly { readonly title: string; readonly columns: readonly Column[] }[] = [
  {
    title: "Logins in clear: how many a second (p50 / p99 from connecting to the OK, ms)",
    columns: [
      ...[1, 10, 50].map((clients) => ({
        name: `${clients} ${clients === 1 ? "client" : "clients"}`,
        cell: logins(false, clients),
        show: loginRate,
      })),
      { name: "CPU each, µs (50 clients)", cell: logins(false, 50), show: figure(cpuEach) },
    ],
  },
  {
    title: "Logins over TLS 1.3: how many a second (p50 / p99, ms)",
    columns: [
      { name: "1 client", cell: logins(true, 1), show: loginRate },
      { name: "10 clients", cell: logins(true, 10), show: loginRate },
      { name: "CPU each, µs", cell: logins(true, 10), show: figure(cpuEach) },
      { name: "10 clients that come back with a ticket", cell: logins(true, 10, true), show: loginRate },
      { name: "CPU each, µs", cell: logins(true, 10, true), show: figure(cpuEach) },
      {
        name: "resumed, %",
        cell: logins(true, 10, true),
        show: figure((run) => 100 * resumedShare(run)),
      },
    ],
  },
  {
    title: "Relay, one session: MB/s · CPU s/GB",
    columns: [
      { name: "down, plain", cell: relay(false, "down"), show: speed },
      { name: "down, TLS", cell: relay(true, "down"), show: speed },
      { name: "up, plain", cell: relay(false, "up"), show: speed },
      { name: "up, TLS", cell: relay(true, "up"), show: speed },
    ],
  },
  {
    title: "NOOPs a second in one session (p50 of one, µs), and memory of an idle session",
    columns: [
      { name: "NOOP/s, plain", cell: { kind: "noop", tls: false }, show: noops },
      { name: "NOOP/s, TLS", cell: { kind: "noop", tls: true }, show: noops },
      { name: "idle, plain, KB", cell: { kind: "idle", tls: false }, show: figure(kilobytesPerSession) },
      { name: "idle, TLS, KB", cell: { kind: "idle", tls: true }, show: figure(kilobytesPerSession) },
    ],
  },
];

/** The results as Markdown. */
export function tableOf(plan: Plan, results: Results, versions: string): string {
  const names = [...new Set(results.map(({ contestant }) => contestant))];
  return [
    `Taken on ${new Date().toISOString().slice(0, 10)} on ${cpus().length} cores (${cpus()[0]?.model.trim() ?? "?"}, Linux ${release()}), ${versions}.`,
    ...(plan.isWhole ? [] : ["**A quick run: these figures say nothing.**"]),
    ...(canPin() ? [] : ["**Nothing was pinned to a core: these figures say little.**"]),
    `Medians of ${plan.runs} ${plan.runs === 1 ? "run" : "runs"}, taken in turn; memory once, at ${plan.sizes.idleSessions} sessions.`,
    "",
    ...TABLES.flatMap((table) => tableLines(table, names, results)),
    ...latencyLines(results),
    ...failureLines(results),
    ...goalLines(results),
  ].join("\n");
}

function tableLines(
  { title, columns }: (typeof TABLES)[number],
  names: readonly string[],
  results: Results,
): string[] {
  const lines = names.flatMap((name) => {
    const rows = columns.map(({ cell }) => rowOf(results, name, cell));
    if (rows.every((row) => row === undefined)) return [];
    const fields = columns.map(({ show }, index) => (rows[index] ? show(rows[index]) : ""));
    return [`| ${[name, ...fields].join(" | ")} |`];
  });
  if (lines.length === 0) return [];
  return [
    `${title}:`,
    "",
    `| | ${columns.map(({ name }) => name).join(" | ")} |`,
    `| ---${" | ---".repeat(columns.length)} |`,
    ...lines,
    "",
  ];
}

/** What the detour over imbarco costs each command. */
function latencyLines(results: Results): string[] {
  const cell: Cell = { kind: "noop", tls: false };
  const [ours, direct] = ["imbarco", "no proxy"].map((name) => rowOf(results, name, cell));
  if (!ours || !direct) return [];
  const p50 = (row: Row) => middleOf(row, ({ p50Ms }) => p50Ms) * 1000;
  return [`imbarco adds ${shown(p50(ours) - p50(direct))} µs to a NOOP that is sent in clear.`, ""];
}

function failureLines(results: Results): string[] {
  const failed = results.filter(({ failure }) => failure !== null);
  if (failed.length === 0) return [];
  return [
    ...failed.map(
      ({ contestant, cell, failure }) =>
        `- ${contestant}, ${JSON.stringify(cell)}: ${failure?.split("\n")[0] ?? ""}`,
    ),
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
