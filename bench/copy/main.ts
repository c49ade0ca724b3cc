import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { checkTime } from "./measure.ts";
import { planOf, USAGE } from "./plan.ts";
import { runPlan } from "./run-plan.ts";
import { tableOf } from "./table.ts";

const DOCUMENT = join(import.meta.dirname, "../../docs/benchmarks.md");
const BEGIN = "<!-- bench:copy begins -->";
const END = "<!-- bench:copy ends -->";
const IN_MEMORY = "/dev/shm";

/** `npm run bench:copy`: imbarco's copier and others side by side, between two real Dovecots. */
async function main(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) {
    console.log(USAGE);
    return;
  }
  const plan = planOf(args);
  checkTime();
  // Everything that this process and its kit put into the temporary folder: both servers' mail, imbarco's database.
  if (existsSync(IN_MEMORY)) process.env["TMPDIR"] = IN_MEMORY;
  else console.error(`There is no ${IN_MEMORY}: mail lies on a disk, and figures will vary.`);
  const scratch = await mkdtemp(join(process.env["TMPDIR"] ?? "/tmp", "imbarco-bench-"));
  try {
    const results = await runPlan(plan, scratch, (line) => console.error(line));
    const table = tableOf(plan, results, await versions());
    console.log(table);
    if (plan.write) await writeInto(table);
    const isExact = results.rows.every(
      ({ contestant, difference, failure }) =>
        contestant !== "imbarco" || (failure === null && (difference ?? null) === null),
    );
    if (!isExact) process.exitCode = 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
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
