import { parseArgs } from "node:util";
import { CONTESTANTS, type Contestant } from "./contestants.ts";
import { CORPUS_NAMES, type CorpusName } from "./corpus.ts";
import type { Way } from "./servers.ts";

/** One block of the table: a corpus, and how both servers are reached. */
export interface Cell extends Way {
  readonly corpus: CorpusName;
}

export interface Plan {
  readonly cells: readonly Cell[];
  readonly contestants: readonly Contestant[];
  readonly runs: number;
  /** The part of the messages of each corpus. */
  readonly scale: number;
  /** Whether the table goes into docs/benchmarks.md. */
  readonly write: boolean;
  /** Whether the time to the newest messages is measured too. */
  readonly newest: boolean;
}

/** What the goals are about. Round trips are not measured on the large corpora: the naive copiers would take hours. */
const CELLS: readonly Cell[] = [
  { corpus: "S", latencyMs: 0, tls: "none" },
  { corpus: "M", latencyMs: 0, tls: "none" },
  { corpus: "L", latencyMs: 0, tls: "none" },
  { corpus: "S", latencyMs: 0, tls: "starttls" },
  { corpus: "M", latencyMs: 0, tls: "starttls" },
  { corpus: "L", latencyMs: 20, tls: "none" },
  { corpus: "L", latencyMs: 20, tls: "starttls" },
];

export const USAGE = `npm run bench:copy -- [options]

  --corpus S,M,L          S 2,000 messages, 144 MB; M 10,000, 84 MB; L 1,000, 36 MB
  --latency 0,20          milliseconds of round trip that a relay adds on both sides
  --tls plain,starttls
  --cross                 every combination of the three above, not only those that the goals are about
  --only imbarco,mbsync   ${CONTESTANTS.map(({ name }) => name).join(", ")}, newest
  --runs 3                runs of each; the table holds medians
  --quick                 one run with a twentieth of the messages: to see that everything works
  --write                 puts the table into docs/benchmarks.md
`;

/** Reads the options. @throws with what is wrong */
export function planOf(args: readonly string[]): Plan {
  const { values } = parseArgs({
    args: [...args],
    options: {
      corpus: { type: "string", default: CORPUS_NAMES.join(",") },
      latency: { type: "string", default: "0,20" },
      tls: { type: "string", default: "plain,starttls" },
      only: { type: "string" },
      runs: { type: "string" },
      cross: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
    },
  });
  const corpora = listOf("corpus", values.corpus, CORPUS_NAMES);
  const latencies = listOf("latency", values.latency).map(whole);
  const tls = listOf("tls", values.tls, ["plain", "starttls"] as const).map((word) =>
    word === "plain" ? "none" : word,
  );
  const wanted: Cell[] = tls.flatMap((tls) =>
    latencies.flatMap((latencyMs) => corpora.map((corpus) => ({ corpus, latencyMs, tls }))),
  );
  const isWanted = (cell: Cell) => wanted.some((other) => isSame(cell, other));
  const names = [...CONTESTANTS.map(({ name }) => name), "newest"];
  const only = listOf("only", values.only ?? names.join(","), names);
  const runs = whole(values.runs ?? (values.quick ? "1" : "3"));
  if (runs === 0) throw new Error("--runs must be at least 1");
  if (values.quick && values.write) throw new Error("--write is for figures of a whole run, not for --quick");
  return {
    cells: values.cross ? wanted : CELLS.filter(isWanted),
    contestants: CONTESTANTS.filter(({ name }) => only.includes(name)),
    runs,
    scale: values.quick ? 0.05 : 1,
    write: values.write,
    newest: only.includes("newest"),
  };
}

/** Whether both are the same block of the table. */
export function isSame(one: Cell, other: Cell): boolean {
  return one.corpus === other.corpus && one.latencyMs === other.latencyMs && one.tls === other.tls;
}

function listOf<T extends string>(option: string, text: string, allowed?: readonly T[]): T[] {
  const words = text.split(",").filter(Boolean) as T[];
  const wrong = words.find((word) => allowed && !allowed.includes(word));
  if (wrong !== undefined || words.length === 0)
    throw new Error(`--${option} ${text}: one or more of ${allowed?.join(",") ?? "numbers"}`);
  return words;
}

function whole(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new Error(`"${text}" is not a whole number`);
  return Number(text);
}
