import { execFile } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { chmod, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Plan, planOf, USAGE } from "./plan.ts";
import { canPin } from "./processes.ts";
import { runPlan } from "./run-plan.ts";
import { soak } from "./soak.ts";
import { tableOf } from "./table.ts";

const DOCUMENT = join(import.meta.dirname, "../../docs/benchmarks.md");
const BEGIN = "<!-- bench:proxy begins -->";
const END = "<!-- bench:proxy ends -->";
const IN_MEMORY = "/dev/shm";
const REMOVE = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 } as const;

/** `npm run bench:proxy`: imbarco's sessions beside other mail proxies, in front of a mail server that costs nothing. */
async function main(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) {
    console.log(USAGE);
    return;
  }
  const plan = planOrUsage(args);
  if (plan === null) return;
  if (!canPin()) console.error("Processes cannot be kept apart (two cores and taskset are needed).");
  const place = await temporaryPlace();
  const say = (line: string) => console.error(line);
  try {
    if (plan.mode === "soak") {
      if (!(await soak(plan, place, say))) process.exitCode = 1;
      return;
    }
    const results = await runPlan(plan, place, say);
    const table = tableOf(plan, results, await versions());
    console.log(table);
    if (plan.write) await writeInto(table);
    const isRight = results.every(({ contestant, failure }) => contestant !== "imbarco" || failure === null);
    if (!isRight) process.exitCode = 1;
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

/** In memory where that can be, and gone however this process ends. */
async function temporaryPlace(): Promise<string> {
  const place = await mkdtemp(join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), "imbarco-bench-"));
  await chmod(place, 0o711); // Dovecot's and nginx's processes pass through it
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
  const said = async (program: string, ...args: string[]) => {
    try {
      const { stdout, stderr } = await promisify(execFile)(program, args);
      return (stdout + stderr).split("\n")[0]?.trim();
    } catch {
      return undefined; // not installed
    }
  };
  const nginx = (await said("/usr/sbin/nginx", "-v"))?.replace(/^.*nginx\//, "nginx ");
  const dovecot = await said("/usr/sbin/dovecot", "--version");
  return [nginx, dovecot && `Dovecot ${dovecot}`, `Node ${process.versions.node}`].filter(Boolean).join(", ");
}

await main(process.argv.slice(2));
