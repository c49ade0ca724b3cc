import { inspect } from "node:util";
import type { Contestant } from "./contestants.ts";
import { CORPUS_NAMES, type CorpusName } from "./corpus.ts";
import { differenceOf, type Inventory, takeInventory } from "./fidelity.ts";
import { cellName } from "./goals.ts";
import type { CopyJob } from "./job.ts";
import { type Figures, measure } from "./measure.ts";
import { timeToNewest } from "./newest.ts";
import type { Cell, Plan } from "./plan.ts";
import type { Newest, Results, Row, UnchangedTraffic } from "./results.ts";
import type { Seeded } from "./seed.ts";
import { Servers } from "./servers.ts";

/** A corpus at the source. */
interface Corpus {
  readonly seeded: Seeded;
  readonly inventory: Inventory;
}

type Say = (line: string) => void;

/** Makes the corpora and runs everything of the plan, one thing at a time. */
export async function runPlan(plan: Plan, scratch: string, say: Say): Promise<Results> {
  const servers = await Servers.start(scratch, jobsOf(plan));
  const results: Results = { rows: [], traffic: [], newest: [] };
  try {
    const corpora = new Map<CorpusName, Corpus>();
    for (const name of new Set(plan.cells.map(({ corpus }) => corpus)))
      corpora.set(name, await makeCorpus(servers, name, plan.scale, say));
    await warmUp(servers, plan);
    for (const cell of plan.cells) {
      const corpus = corpora.get(cell.corpus);
      if (!corpus) continue;
      results.rows.push(...(await runCell(servers, plan, cell, corpus, say)));
      const isImbarco = plan.contestants.some(({ kind }) => kind === "imbarco");
      if (isImbarco && cell.tls === "none" && cell.latencyMs === 0)
        results.traffic.push(...(await countTraffic(servers, plan, cell, say)));
    }
    if (plan.newest) results.newest.push(...(await measureNewest(servers, plan, say)));
    return results;
  } finally {
    await servers.stop();
  }
}

/** How many accounts of the target are needed at most. */
function jobsOf({ cells, contestants, runs }: Plan): number {
  const copies = cells.length * (contestants.length * runs + 1);
  const newest = 2 * cells.length * runs;
  const rehearsals = cells.length * contestants.filter(({ rehearses }) => rehearses).length * runs;
  return copies + rehearsals + newest + contestants.length + CORPUS_NAMES.length;
}

async function makeCorpus(servers: Servers, name: CorpusName, scale: number, say: Say): Promise<Corpus> {
  const start = performance.now();
  const seeded = await servers.seed(name, scale);
  const job = await servers.newJob(name, { tls: "none", latencyMs: 0 });
  // This also lets Dovecot make its indexes, which are not part of a copy.
  const inventory = await takeInventory(servers.direct("source", job));
  if (inventory.messages !== seeded.messages)
    throw new Error(
      `the source shows ${inventory.messages} of the ${seeded.messages} messages of corpus ${name}`,
    );
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  say(
    `corpus ${name}: ${seeded.messages} messages, ${(seeded.octets / 1e6).toFixed(1)} MB, made in ${seconds} s`,
  );
  return { seeded, inventory };
}

/** One run of each that is not counted: it fills Node's compile cache and the machine's memory. Who is run only once has no use for it. */
async function warmUp(servers: Servers, plan: Plan): Promise<void> {
  const corpus = (["L", "S", "M"] as const).find((name) => plan.cells.some((cell) => cell.corpus === name));
  if (corpus === undefined) return;
  for (const contestant of plan.contestants) {
    if (contestant.once || contestant.absence() !== null) continue;
    const job = await servers.newJob(corpus, { tls: "starttls", latencyMs: 0 });
    try {
      await start(servers, contestant, job);
    } catch (error) {
      // The measured runs show it again, with their row.
      if (!(error instanceof Error)) throw error;
    } finally {
      await servers.discard(job);
    }
  }
}

/** Everybody in turn, as often as asked for. */
async function runCell(servers: Servers, plan: Plan, cell: Cell, corpus: Corpus, say: Say): Promise<Row[]> {
  const rows = plan.contestants.map((contestant) => ({
    contestant,
    row: {
      cell,
      contestant: contestant.name,
      seeded: corpus.seeded,
      runs: [],
      unchanged: [],
      difference: undefined,
      failure: contestant.absence(),
    } as Row,
  }));
  for (let run = 0; run < plan.runs; run += 1)
    for (const { contestant, row } of rows)
      if (row.failure === null && (run === 0 || !contestant.once))
        await runOnce(servers, contestant, row, corpus, say);
  return rows.map(({ row }) => row);
}

async function runOnce(
  servers: Servers,
  contestant: Contestant,
  row: Row,
  corpus: Corpus,
  say: Say,
): Promise<void> {
  const { cell } = row;
  const before = contestant.rehearses ? await servers.newJob(cell.corpus, cell) : null;
  const asked = await servers.newJob(cell.corpus, cell);
  const job = before === null ? asked : { ...asked, before };
  try {
    const figures = await start(servers, contestant, job);
    row.runs.push(figures);
    const isFirst = row.runs.length === 1;
    // imbarco's copy is compared every time, that of others once.
    if (contestant.copies && (isFirst || contestant.kind === "imbarco")) {
      const found = await takeInventory(servers.direct("target", job));
      row.difference = differenceOf(corpus.inventory, found) ?? row.difference ?? null;
    }
    if (contestant.remembers) row.unchanged.push(await start(servers, contestant, job));
    const pass = figures.own ? `, the pass ${(figures.own.passMs / 1000).toFixed(2)} s` : "";
    say(`${cellName(cell)}: ${contestant.name} ${(figures.wallMs / 1000).toFixed(2)} s${pass}`);
  } catch (error) {
    row.failure = textOf(error);
    say(`${cellName(cell)}: ${contestant.name} ${row.failure}${detailOf(error)}`);
  } finally {
    if (before !== null) await servers.discard(before);
    await servers.discard(job);
  }
}

async function start(servers: Servers, contestant: Contestant, job: CopyJob): Promise<Figures> {
  return measure(await contestant.command(job, servers.targetConfig), job.folder);
}

/** One more copy, through relays that count, and behind it a pass without change. */
async function countTraffic(servers: Servers, plan: Plan, cell: Cell, say: Say): Promise<UnchangedTraffic[]> {
  const imbarco = plan.contestants.find(({ kind }) => kind === "imbarco");
  if (!imbarco) return [];
  const relays = await servers.relays(0);
  const job = await servers.newJob(cell.corpus, cell, { counting: true });
  try {
    await start(servers, imbarco, job);
    await Promise.all([relays.source.counts(), relays.target.counts()]);
    await start(servers, imbarco, job);
    return [{ cell, source: await relays.source.counts(), target: await relays.target.counts() }];
  } catch (error) {
    say(`${cellName(cell)}: the counting run ${textOf(error)}${detailOf(error)}`);
    return [];
  } finally {
    await servers.discard(job);
  }
}

/** On the largest of the corpora, without and with a round trip. */
async function measureNewest(servers: Servers, plan: Plan, say: Say): Promise<Newest[]> {
  const corpus = (["M", "S", "L"] as const).find((name) => plan.cells.some((cell) => cell.corpus === name));
  if (!corpus) return [];
  const found: Newest[] = [];
  for (const latencyMs of new Set(plan.cells.map((cell) => cell.latencyMs))) {
    const cell: Cell = { corpus, latencyMs, tls: "starttls" };
    const ms: number[] = [];
    try {
      for (let run = 0; run < plan.runs; run += 1) ms.push(await timeToNewest(servers, cell));
      found.push({ cell, ms });
      say(`${cellName(cell)}: newest messages after ${ms.map((value) => value.toFixed(0)).join(", ")} ms`);
    } catch (error) {
      say(`${cellName(cell)}: the newest messages were not measured: ${textOf(error)}${detailOf(error)}`);
    }
  }
  return found;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a program wrote, or why a wait was in vain; for the one who looks on, not for the table. */
function detailOf(error: unknown): string {
  if (!(error instanceof Error) || error.cause === undefined) return "";
  return `\n${typeof error.cause === "string" ? error.cause : inspect(error.cause)}`;
}
