import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Certificates, makeCertificates } from "../../test/kit/certs.ts";
import type { Contestant, Running } from "./contestants.ts";
import type { Door, LoadJob, Users } from "./load-job.ts";
import type { Cell, Plan, Sizes } from "./plan.ts";
import { cpuMicroseconds, Load, memoryOctets, startStub } from "./processes.ts";
import type { Figures, Results, Row } from "./results.ts";

/** Accounts in the memory cells, where a new process has to capture them first. */
const IDLE_ACCOUNTS = 4;
/** Until nothing moves any more: a collector of garbage that waits for calm has had it. */
const CALM_MS = 10_000;
const PASSWORD = "bench-password";

type Say = (line: string) => void;
type Stub = Awaited<ReturnType<typeof startStub>>;

/** Starts contestants in folders of their own, all in front of one stub. */
export class Stage {
  readonly load: Load;
  readonly #folder: string;
  readonly #stub: Stub;
  readonly #certificates: Certificates;

  private constructor(folder: string, stub: Stub, certificates: Certificates) {
    this.#folder = folder;
    this.#stub = stub;
    this.#certificates = certificates;
    this.load = new Load();
  }

  static async set(folder: string): Promise<Stage> {
    const certificates = await makeCertificates(folder);
    return new Stage(folder, await startStub(), certificates);
  }

  /** A contestant with all accounts captured, and warm. */
  async start(contestant: Contestant, accounts: number): Promise<Actor> {
    const folder = await mkdtemp(join(this.#folder, "peer-"));
    const users = { count: accounts, password: PASSWORD };
    const running = await contestant.start({
      folder,
      stubPort: this.#stub.port,
      certificates: this.#certificates,
      users,
    });
    return { contestant, running, users };
  }

  async end(): Promise<void> {
    await this.load.stop();
    await this.#stub.stop();
  }
}

/** A contestant on the stage. */
export interface Actor {
  readonly contestant: Contestant;
  readonly running: Running;
  readonly users: Users;
}

/** Runs every cell of the plan with each contestant in turn. */
export async function runPlan(plan: Plan, folder: string, say: Say): Promise<Results> {
  const stage = await Stage.set(folder);
  const actors: Actor[] = [];
  try {
    const present = plan.contestants.filter((contestant) => {
      const absence = contestant.absence();
      if (absence !== null) say(`${contestant.name} ${absence}`);
      return absence === null;
    });
    const results: Row[] = [];
    const cells = plan.cells.filter(({ kind }) => kind !== "idle");
    if (cells.length > 0) {
      for (const contestant of present) actors.push(await stage.start(contestant, plan.sizes.accounts));
      for (const actor of actors) await warmUp(stage, actor, plan.sizes.warmMs, [false, true]);
      for (const cell of cells) results.push(...(await runCell(stage, plan, cell, actors, say)));
    }
    for (const { running } of actors.splice(0)) await running.stop();
    for (const cell of plan.cells.filter(({ kind }) => kind === "idle"))
      for (const contestant of present.filter((one) => takesPart(one, cell))) {
        const row: Row = { cell, contestant: contestant.name, runs: [], failure: null };
        await attempt(row, () => measureIdle(stage, plan.sizes, contestant, cell.tls), say);
        if (row.runs.length > 0 || row.failure !== null) results.push(row);
      }
    return results;
  } finally {
    for (const { running } of actors) await running.stop();
    await stage.end();
  }
}

async function runCell(
  stage: Stage,
  plan: Plan,
  cell: Cell,
  actors: readonly Actor[],
  say: Say,
): Promise<Row[]> {
  const rows: (Row & { actor: Actor })[] = actors
    .filter(({ contestant, running }) => takesPart(contestant, cell) && (!cell.tls || running.tls !== null))
    .map((actor) => ({ cell, contestant: actor.contestant.name, runs: [], failure: null, actor }));
  for (const { actor } of rows) {
    // Whoever remembers passwords for some minutes shall know them all.
    const door = doorOf(actor, cell.tls);
    if (door) await stage.load.run({ kind: "greet-all", door, users: actor.users });
  }
  for (let run = 0; run < plan.runs; run += 1)
    for (const row of rows) {
      const job = jobOf(cell, row.actor, plan.sizes);
      if (job && row.failure === null) await attempt(row, () => measure(stage.load, row.actor, job), say);
    }
  return rows.map(({ actor: _actor, ...row }) => row);
}

function takesPart({ kinds }: Contestant, { kind }: Cell): boolean {
  return kinds?.includes(kind) ?? true;
}

async function attempt(row: Row, run: () => Promise<Figures | null>, say: Say): Promise<void> {
  try {
    const figures = await run();
    if (figures === null) return;
    row.runs.push(figures);
    if (figures.errors > 0)
      row.failure = `${figures.errors} errors: ${figures.firstError ?? "of unknown kind"}`;
    say(`${JSON.stringify(row.cell)} ${row.contestant}: ${describe(figures)}`);
  } catch (error) {
    row.failure = error instanceof Error ? error.message : String(error);
    say(`${JSON.stringify(row.cell)} ${row.contestant} failed: ${row.failure}`);
  }
}

function describe({ count, ms, octets, cpuUs, octetsPerSession }: Figures): string {
  const cpu = cpuUs === null ? "" : `, ${(cpuUs / 1e6).toFixed(2)} s of CPU`;
  if (octetsPerSession > 0) return `${(octetsPerSession / 1000).toFixed(1)} KB a session`;
  const volume =
    octets > 0 ? `${Math.round(octets / 1000 / ms)} MB/s` : `${Math.round((count * 1000) / ms)}/s`;
  return volume + cpu;
}

function doorOf({ running }: Actor, tls: boolean): Door | null {
  return tls ? running.tls : running.plain;
}

function jobOf(cell: Cell, actor: Actor, sizes: Sizes): LoadJob | null {
  const door = doorOf(actor, cell.tls);
  if (door === null) return null;
  const { users } = actor;
  switch (cell.kind) {
    case "logins": {
      const { clients, resume } = cell;
      return { kind: "logins", door, users, clients, resume, forMs: sizes.runMs, rate: 0 };
    }
    case "relay": {
      const { direction } = cell;
      return {
        kind: "relay",
        door,
        users,
        direction,
        forMs: sizes.relayMs,
        messageOctets: sizes.messageOctets,
      };
    }
    case "noop":
      return { kind: "noop", door, users, forMs: sizes.runMs };
    case "idle":
      return { kind: "idle", door, users, sessions: sizes.idleSessions };
  }
}

async function measure(load: Load, { running }: Actor, job: LoadJob): Promise<Figures> {
  const before = running.pid === null ? null : await cpuMicroseconds(running.pid);
  const result = await load.run(job);
  const cpuUs =
    before === null || running.pid === null ? null : (await cpuMicroseconds(running.pid)) - before;
  return { ...result, cpuUs, octetsPerSession: 0 };
}

/** First logins are slow; then compilers have seen what they are to compile, as in a service that has been up for a quarter of an hour. */
export async function warmUp(
  stage: Stage,
  actor: Actor,
  forMs: number,
  tls: readonly boolean[],
): Promise<void> {
  for (const secured of tls) {
    const door = doorOf(actor, secured);
    if (door === null) continue;
    const { users } = actor;
    await stage.load.run({ kind: "greet-all", door, users });
    const logins = { clients: 50, resume: false, rate: 0, forMs } as const;
    await stage.load.run({ kind: "logins", door, users, ...logins });
  }
}

/** In a new process, since memory that was used once is not given back at once. */
async function measureIdle(
  stage: Stage,
  sizes: Sizes,
  contestant: Contestant,
  tls: boolean,
): Promise<Figures | null> {
  const actor = await stage.start(contestant, IDLE_ACCOUNTS);
  const { pid } = actor.running;
  try {
    const door = doorOf(actor, tls);
    if (pid === null || door === null) return null;
    await warmUp(stage, actor, sizes.warmMs, [tls]);
    await sleep(CALM_MS);
    const before = await memoryOctets(pid);
    const result = await stage.load.run({
      kind: "idle",
      door,
      users: actor.users,
      sessions: sizes.idleSessions,
    });
    await sleep(CALM_MS);
    const after = await memoryOctets(pid);
    await stage.load.run({ kind: "close" });
    return { ...result, cpuUs: null, octetsPerSession: (after - before) / result.count };
  } finally {
    await actor.running.stop();
  }
}
