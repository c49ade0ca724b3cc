import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type Stage, startStage } from "./stage.ts";
import { areAlike, kolmogorovSmirnov, quartiles } from "./statistics.ts";
import { type Group, type Heard, measure } from "./tries.ts";

const USAGE = `npm run bench:refusals -- [--tries N] [--write]

Whether a wrong password for an account and one for a name that nobody has can be told apart, by words or by time: over the real
program, between two Dovecots that refuse after two seconds as they do by default.
  --tries N   names of each group in each state (default 50)
  --write     put the table into docs/benchmarks.md`;

const PAGE = new URL("../../docs/benchmarks.md", import.meta.url);
const BEGINS = "<!-- bench:refusals begins -->";
const ENDS = "<!-- bench:refusals ends -->";
/** Accounts of each domain that are refused first: after a start imbarco does not know yet how long its servers take. */
const WARM_UP = 16;

interface Measured {
  readonly state: string;
  readonly heard: Readonly<Record<Group, Heard>>;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      tries: { type: "string", default: "50" },
      write: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return void process.stdout.write(`${USAGE}\n`);
  const tries = Number(values.tries);
  const table = tableOf(tries, await measureAll(tries));
  process.stdout.write(`\n${table.text}`);
  if (values.write) await putIntoPage(table.text);
  if (!table.areAlike) process.exitCode = 1;
}

async function measureAll(tries: number): Promise<Measured[]> {
  const accounts = tries + WARM_UP;
  const [waiting, captured, mixed, finalized] = ["waiting.test", "captured.test", "mixed.test", "final.test"];
  const names = [waiting, captured, mixed, finalized] as const;
  const stage = await startStage(Object.fromEntries(names.map((name) => [name ?? "", accounts])));
  try {
    const known = (domain = "", from = WARM_UP) =>
      Array.from({ length: accounts - from }, (_, n) => `known${n + from}@${domain}`);
    for (const name of names) await stage.domain(name ?? "", accounts);
    say("users log in for the first time");
    await stage.capture([...known(captured, 0), ...known(finalized, 0)]);
    await stage.capture(known(mixed, 0).filter((_, n) => n % 2 === 0));
    await stage.finalize(finalized ?? "");
    const results: Measured[] = [];
    const add = async (state: string, domain = "", password = "a wrong one") => {
      say(state);
      results.push({ state, heard: await refusals(stage, domain, known(domain), password) });
    };
    for (const [state, domain] of [
      ["nobody has logged in yet", waiting],
      ["all are captured", captured],
      ["a half are captured", mixed],
      ["the domain is finalized", finalized],
    ] as const) {
      const warm = Array.from({ length: WARM_UP }, (_, n) => `known${n}@${domain}`);
      await measure(stage.imbarco.place(), { known: warm, unknown: [] }, "a first wrong one");
      await add(state, domain);
    }
    await add("a half are captured, the same password again", mixed);
    await stage.target.halt();
    // What is known of the target from the last moments has to pass.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    await measure(stage.imbarco.place(), { known: known(mixed, 0).slice(0, WARM_UP), unknown: [] }, "warm");
    await add("a half are captured, the target is down", mixed, "another wrong one");
    return results;
  } finally {
    await stage.stop();
  }
}

function refusals(stage: Stage, domain: string, known: readonly string[], password: string) {
  const unknown = known.map((_, n) => `nobody${n}@${domain}`);
  return measure(stage.imbarco.place(), { known, unknown }, password);
}

function tableOf(tries: number, measured: readonly Measured[]): { text: string; areAlike: boolean } {
  let areAllAlike = true;
  const rows = measured.map(({ state, heard: { known, unknown } }) => {
    const test = kolmogorovSmirnov(known.ms, unknown.ms);
    const isSame = known.words.symmetricDifference(unknown.words).size === 0 && areAlike(test);
    areAllAlike &&= isSame;
    const verdict = isSame ? "alike" : "**DIFFERENT**";
    const cells = [
      state,
      times(known),
      times(unknown),
      test.distance.toFixed(2),
      test.probability.toFixed(3),
    ];
    return `| ${[...cells, [...known.words].join("; "), verdict].join(" | ")} |`;
  });
  const head = [
    `${tries} names of each group; milliseconds as lower quartile / **median** / upper quartile.`,
    "",
    "| state | an account | nobody's name | distance | probability | answer | verdict |",
    "| --- | --- | --- | --- | --- | --- | --- |",
  ];
  return { text: `${[...head, ...rows].join("\n")}\n`, areAlike: areAllAlike };
}

function times({ ms }: Heard): string {
  const { lower, median, upper } = quartiles(ms);
  return `${Math.round(lower)} / **${Math.round(median)}** / ${Math.round(upper)}`;
}

async function putIntoPage(table: string): Promise<void> {
  const page = await readFile(PAGE, "utf8");
  const [begins, ends] = [page.indexOf(BEGINS), page.indexOf(ENDS)];
  if (begins < 0 || ends < begins)
    throw new Error(`docs/benchmarks.md has lost the marks ${BEGINS} and ${ENDS}`);
  await writeFile(PAGE, `${page.slice(0, begins + BEGINS.length)}\n\n${table}\n${page.slice(ends)}`);
}

function say(text: string): void {
  process.stderr.write(`${text} …\n`);
}

await main();
