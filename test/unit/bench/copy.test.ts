import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type CorpusMessage, corpusFolders } from "../../../bench/copy/corpus.ts";
import { differenceOf, type Inventory } from "../../../bench/copy/fidelity.ts";
import { goalsOf } from "../../../bench/copy/goals.ts";
import type { Figures } from "../../../bench/copy/measure.ts";
import { planOf } from "../../../bench/copy/plan.ts";
import { median, type Results } from "../../../bench/copy/results.ts";

describe("a corpus", () => {
  const SCALE = 0.1;

  function contentsOf(): { folders: number; messages: CorpusMessage[]; sha256: string } {
    const hash = createHash("sha256");
    const folders = [...corpusFolders("L", SCALE)].map(({ path, messages }) => ({
      path,
      messages: [...messages],
    }));
    for (const { path, messages } of folders)
      for (const { date, flags, body } of messages)
        hash.update(`${path.join("/")} ${date} ${flags}`).update(body);
    return {
      folders: folders.length,
      messages: folders.flatMap(({ messages }) => messages),
      sha256: hash.digest("hex"),
    };
  }

  it("is the same in every run", () => {
    expect(contentsOf().sha256).toBe(contentsOf().sha256);
  });

  it("has as many folders, messages and octets as it says", () => {
    const { folders, messages } = contentsOf();
    expect(folders).toBe(12);
    expect(messages.length).toBe(1000 * SCALE);
    const octets = messages.reduce((sum, { size }) => sum + size, 0);
    expect(octets / (36e6 * SCALE)).toBeCloseTo(1, 1);
  });

  it("knows the size of each message over IMAP, where lines end with CRLF", () => {
    for (const { body, size } of contentsOf().messages)
      expect(size).toBe(body.toString("latin1").replaceAll("\n", "\r\n").length);
  });
});

describe("a copy", () => {
  const inventory = (...messages: readonly (readonly [outside: string, contents: string])[]): Inventory => ({
    messages: messages.length,
    whole: countsOf(messages.map((message) => message.join(" "))),
    outside: countsOf(messages.map(([outside]) => outside)),
    contents: countsOf(messages.map(([, contents]) => contents)),
  });
  const countsOf = (texts: readonly string[]) =>
    new Map(texts.map((text) => [text, texts.filter((other) => other === text).length]));
  const source = inventory(["INBOX 1", "a"], ["INBOX 1", "a"], ["INBOX 2", "b"]);

  it("is exact when it holds the same messages as often", () => {
    expect(differenceOf(source, inventory(["INBOX 2", "b"], ["INBOX 1", "a"], ["INBOX 1", "a"]))).toBeNull();
  });

  it("is not when a message is there once too often in place of another", () => {
    const target = inventory(["INBOX 1", "a"], ["INBOX 2", "b"], ["INBOX 2", "b"]);
    expect(differenceOf(source, target)).toMatch(/^contents altered: 1; .*: 1$/);
  });

  it("is not when messages are missing", () => {
    expect(differenceOf(source, inventory(["INBOX 1", "a"]))).toBe("1 of 3 messages");
  });
});

describe("the options", () => {
  it("ask for what the goals are about when there are none", () => {
    const { cells, runs, scale } = planOf([]);
    expect(cells.length).toBe(7);
    expect(cells.filter(({ latencyMs }) => latencyMs > 0).map(({ corpus }) => corpus)).toEqual(["L", "L"]);
    expect([runs, scale]).toEqual([3, 1]);
  });

  it("refuse a corpus that there is not", () => {
    expect(() => planOf(["--corpus", "S,X"])).toThrow("one or more of S,M,L");
  });
});

describe("the goals", () => {
  const figures = (wallMs: number, passMs: number | null): Figures => ({
    wallMs,
    cpuMs: 0,
    rssMb: 0,
    own: passMs === null ? null : { passMs, passCpuMs: 0, rssBeforeMb: 0 },
  });
  const row = (contestant: string, ...runs: Figures[]) => ({
    cell: { corpus: "M", tls: "none", latencyMs: 0 } as const,
    contestant,
    seeded: { messages: 10_000, octets: 84e6 },
    runs,
    unchanged: [],
    difference: null,
    failure: null,
  });
  const found = (...rows: ReturnType<typeof row>[]) => {
    const results: Results = { rows, traffic: [], newest: [] };
    return goalsOf(results).find(({ text }) => text === "M, plain: ≥ 3 × mbsync");
  };

  it("hold imbarco's pass against the whole run of a peer", () => {
    const goal = found(row("imbarco", figures(1300, 1000)), row("mbsync", figures(3000, null)));
    expect(goal).toMatchObject({ met: true, found: "3.00" });
  });

  it("tell beside it what the first copy of a process reaches, without and with its start", () => {
    const first = row("imbarco-first", figures(2000, 1500));
    const goal = found(row("imbarco", figures(4300, 1000)), first, row("mbsync", figures(3000, null)));
    expect(goal?.found).toBe("3.00 (first copy of a process 2.00, with the start of Node 1.50)");
  });

  it("are neither met nor missed where something was not measured", () => {
    expect(found(row("imbarco", figures(1300, 1000)))).toMatchObject({ met: null, found: null });
  });

  it("take the median of the runs", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});
