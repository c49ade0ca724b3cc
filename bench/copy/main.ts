import { execFile } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { checkTime } from "./measure.ts";
import { type Plan, planOf, USAGE } from "./plan.ts";
import { runPlan } from "./run-plan.ts";
import { tableOf } from "./table.ts";

const DOCUMENT = join(import.meta.dirname, "../../docs/benchmarks.md");
const BEGIN = "<!-- bench:copy begins -->";
const END = "<!-- bench:copy ends -->";
const IN_MEMORY = "/dev/shm";
const COMPILE_CACHE = join(import.meta.dirname, "../../node_modules/.cache/imbarco");
const REMOVE = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 } as const;

/** `npm run bench:copy`: imbarco's copier and others side by side, between two real Dovecots. */
async function main(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) {
    console.log(USAGE);
    return;
  }
  const plan = planOrUsage(args);
  if (plan === null) return;
  checkTime();
  const place = await temporaryPlace();
  try {
    const results = await runPlan(plan, join(place, "jobs"), (line) => console.error(line));
    const table = tableOf(plan, results, await versions());
    console.log(table);
    if (plan.write) await writeInto(table);
    const isExact = results.rows.every(
      ({ contestant, difference, failure }) =>
        contestant !== "imbarco" || (failure === null && (difference ?? null) === null),
    );
    if (!isExact) process.exitCode = 1;
  } finally {
    rmSync(place, REMOVE);
  }
}

function planOrUsage(args: readonly string[]): Plan | null {
  try {
    return planOf(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exitCode = 2;
    return null;
  }
}

/**
 * Where everything lies that this process, its kit and its children put into the temporary folder: both servers' mail, imbarco's database.
 * In memory where that can be, and gone however this process ends.
 */
async function temporaryPlace(): Promise<string> {
  if (!existsSync(IN_MEMORY))
    console.error(`There is no ${IN_MEMORY}: mail lies on a disk, and figures vary.`);
  const place = await mkdtemp(join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), "imbarco-bench-"));
  await chmod(place, 0o711); // Dovecot's processes pass through it
  await mkdir(join(place, "jobs"), { mode: 0o700 });
  process.env["TMPDIR"] = place;
  // As tools/imbarco.mjs does: what is measured is the program, not the stripping of its types.
  process.env["NODE_COMPILE_CACHE"] = COMPILE_CACHE;
  process.on("exit", () => rmSync(place, REMOVE));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  return place;
}

async function writeInto(table: string): Promise<void> {
  const text = await readFile(DOCUMENT, "utf8");
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from)
    throw new Error(`${DOCUMENT} has no place for the table between ${BEGIN} and ${END}`);
  await writeFile(DOCUMENT, `${text.slice(0, from + BEGIN.length)}\n${table}${text.slice(to)}`);
}

async function versions(): Promise<string> {
  const first = async (program: string, ...args: string[]) => {
    try {
      const { stdout } = await promisify(execFile)(program, args);
      return stdout.split("\n")[0]?.trim();
    } catch {
      return undefined; // not installed
    }
  };
  const dovecot = (await first("/usr/sbin/dovecot", "--version")) ?? "of another place";
  const mbsync = await first("mbsync", "--version");
  return [`Dovecot ${dovecot}`, mbsync, `Node ${process.versions.node}`].filter(Boolean).join(", ");
}

await main(process.argv.slice(2));
