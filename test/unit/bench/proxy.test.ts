import { describe, expect, it } from "vitest";
import { goalsOf } from "../../../bench/proxy/goals.ts";
import { CELLS, type Cell, planOf } from "../../../bench/proxy/plan.ts";
import type { Figures, Row } from "../../../bench/proxy/results.ts";
import { growthOf } from "../../../bench/proxy/soak.ts";
import { tableOf } from "../../../bench/proxy/table.ts";

const FIGURES: Figures = {
  count: 1000,
  octets: 1e9,
  ms: 1000,
  p50Ms: 2,
  p99Ms: 5,
  resumed: 990,
  errors: 0,
  firstError: null,
  cpuUs: 200_000,
  octetsPerSession: 12_000,
};

const row = (contestant: string, cell: Cell, ...runs: Partial<Figures>[]): Row => ({
  cell,
  contestant,
  runs: runs.map((run) => ({ ...FIGURES, ...run })),
  failure: null,
});

describe("the options", () => {
  it("ask for everything when there are none", () => {
    const { cells, contestants, runs, mode } = planOf([]);
    expect(cells).toEqual(CELLS);
    expect(contestants.map(({ name }) => name)).toContain("imbarco");
    expect([runs, mode]).toEqual([3, "table"]);
  });

  it("take names with a comma in them", () => {
    const { contestants } = planOf(["--who", "imbarco,nginx, 64 KB buffers,no proxy"]);
    expect(contestants.map(({ name }) => name)).toEqual(["imbarco", "nginx, 64 KB buffers", "no proxy"]);
  });

  it.each([
    [["--only", "logins,pop3"], "one or more of logins,relay,noop,idle"],
    [["--who", "perdition"], "one or more of imbarco"],
    [["--quick", "--write"], "not for --quick"],
    [["--runs", "0"], "between 1 and 100"],
  ])("refuse %o", (args, message) => {
    expect(() => planOf(args)).toThrow(message);
  });
});

describe("the goals", () => {
  const PLAIN_50: Cell = { kind: "logins", tls: false, clients: 50, resume: false };
  const goal = (text: string, ...rows: Row[]) => goalsOf(rows).find((found) => found.text.includes(text));

  it("take the median of the runs", () => {
    const ours = row("imbarco", PLAIN_50, { cpuUs: 900_000 }, { cpuUs: 210_000 }, { cpuUs: 100_000 });
    const theirs = row("nginx", PLAIN_50, { cpuUs: 110_000 });
    expect(goal("CPU a plain login", ours, theirs)).toMatchObject({
      found: "1.91 (210 µs, there 110)",
      met: true,
    });
  });

  it("that are figures of another machine are multiples of what the same peer takes here", () => {
    const ours = row("imbarco", PLAIN_50, { cpuUs: 210_000 });
    const met = (cpuUs: number) => goal("CPU a plain login", ours, row("nginx", PLAIN_50, { cpuUs }))?.met;
    expect([met(109_000), met(108_000)]).toEqual([true, false]);
    expect(goal("CPU a plain login", ours)).toMatchObject({ found: null, met: null });
  });

  it("hold rates against those of the others", () => {
    const theirs = row("Dovecot proxy", PLAIN_50, { count: 2000 });
    expect(goal("Dovecot", row("imbarco", PLAIN_50, {}), theirs)).toMatchObject({
      found: "1000 (there 2000)",
      met: false,
    });
  });

  it("are neither met nor missed where something was not measured", () => {
    expect(goal("Dovecot", row("imbarco", PLAIN_50, {}))).toMatchObject({ found: null, met: null });
    expect(goalsOf([]).every(({ met }) => met === null)).toBe(true);
  });

  it("know the share of resumed sessions and the memory of idle ones", () => {
    const resumed = row("imbarco", { kind: "logins", tls: true, clients: 10, resume: true }, {});
    expect(goal("resumed", resumed)).toMatchObject({ found: "99 %", met: true });
    const idle = row("imbarco", { kind: "idle", tls: false }, { octetsPerSession: 15_000 });
    expect(goal("14 KB", idle)).toMatchObject({ found: "15 KB", met: false });
  });

  it("stand below the figures of everybody in the table", () => {
    const plan = planOf([]);
    const rows = CELLS.flatMap((cell) => ["imbarco", "nginx"].map((name) => row(name, cell, {})));
    const table = tableOf(plan, rows, "Node");
    expect(table).toContain("| nginx | 1000 (2 / 5) | 1000 (2 / 5) | 1000 (2 / 5) | 200 |");
    expect(table).toContain("| imbarco | 1000 · 0.2 | 1000 · 0.2 | 1000 · 0.2 | 1000 · 0.2 |");
    expect(table).toMatch(/\| plain relay, .*: ≤ 0.56 × nginx \| 1 \(0.2 s, there 0.2\) \| \*\*no\*\* \|/);
  });
});

describe("the growth of memory in a soak", () => {
  const samples = (octets: (second: number) => number) =>
    Array.from({ length: 61 }, (_, second) => ({ atMs: second * 1000, octets: octets(second) }));

  it("is none where memory only rises in the first ten seconds, and where it goes up and down", () => {
    expect(growthOf(samples((second) => 400e6 + Math.min(second, 10) * 10e6)).isNone).toBe(true);
    expect(growthOf(samples((second) => 400e6 + (second % 7) * 3e6)).isNone).toBe(true);
  });

  it("is seen where it goes on", () => {
    expect(growthOf(samples((second) => 400e6 + second * 1e6))).toMatchObject({ isNone: false });
  });
});
