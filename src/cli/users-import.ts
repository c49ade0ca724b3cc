import { Command } from "commander";
import { fileFault } from "../config/files.ts";
import type { NewAccount } from "../model/account.ts";
import { parseDomainName } from "../model/address.ts";
import type { Domain } from "../model/domain.ts";
import { NotFoundError } from "../store/store.ts";
import { type App, type CliContext, withApp } from "./context.ts";
import { counted } from "./counted.ts";
import { type CsvAccounts, CsvHeaderError, openCsv, type Rejection } from "./csv-accounts.ts";
import { CsvTooLongError, openInput } from "./csv-input.ts";
import { CsvEncodingError } from "./csv-lines.ts";
import { CliError, type Output } from "./output.ts";
import type { Runner } from "./program.ts";
import { provisionLocked } from "./provision-locked.ts";

interface Options {
  readonly dryRun?: boolean;
  readonly strict?: boolean;
}

interface ImportResult {
  readonly created: number;
  readonly existing: number;
  /** Lines whose address stands further up in the same file. */
  readonly twice: number;
  readonly rejected: readonly Rejection[];
}

/** Accounts added in one transaction, some tenths of a second: more make an import quicker, and logins wait longer for their turn to write. */
const ACCOUNTS_A_WRITE = 10_000;
/** Rejected lines shown to a person; a program gets all of them. */
const SHOWN_REJECTIONS = 50;

/** `imbarco users import NAME FILE.csv`: bulk creation (contract §4). */
export function usersImportCommand(run: Runner): Command {
  return new Command("import")
    .description("create the accounts of a CSV file; one address a line is enough")
    .argument("<name>", "the domain")
    .argument(
      "<file>",
      "the CSV file, - for standard input; columns: address, source_login, password, name, quota",
    )
    .option("--dry-run", "only say what would happen")
    .option("--strict", "take nothing at all when a single line is bad")
    .action(
      run(async (context, text: string, file: string, options: Options) => {
        const name = parseDomainName(text);
        await withApp(context, async (app) => {
          const domain = await app.store.domains.get(name);
          if (!domain)
            throw new NotFoundError(`there is no domain ${name}; add it first with "imbarco domain add"`);
          if (domain.state === "finalized")
            throw new CliError(
              "finalized",
              `${name} is finalized: new accounts would have no source to come from`,
            );
          const csv = await opened(context, file, name);
          noteLayout(context.out, csv);
          const result = await importAccounts(context, app, csv, options);
          if (context.json) context.out.json(result);
          else print(context.out, domain, result, options);
          endBadly(result, file, options);
        });
      }),
    );
}

async function importAccounts(
  context: CliContext,
  app: App,
  csv: CsvAccounts,
  options: Options,
): Promise<ImportResult> {
  if (options.strict) {
    const rejected = await rejectionsOf(csv, context.signal);
    if (rejected.length > 0) return { created: 0, existing: 0, twice: 0, rejected };
  }
  if (options.dryRun) return await rehearse(context, app, csv);
  const result = await store(context, app, csv);
  await provision(context, app, csv);
  return result;
}

async function store(context: CliContext, app: App, csv: CsvAccounts): Promise<ImportResult> {
  const createdAt = new Date().toISOString();
  let [created, existing, twice] = [0, 0, 0];
  const rejected: Rejection[] = [];
  let waiting: NewAccount[] = [];
  const flush = async () => {
    if (waiting.length === 0) return;
    // Of lines with the same address the first one is meant.
    const accounts = [...new Map(waiting.toReversed().map((one) => [one.address, one])).values()];
    const counts = await app.store.accounts.addMany(accounts, createdAt);
    const earlier =
      created === 0 || counts.existing === 0 ? 0 : (await madeNow(app, accounts, createdAt)) - counts.created;
    created += counts.created;
    existing += counts.existing - earlier;
    twice += waiting.length - accounts.length + earlier;
    waiting = [];
  };
  for await (const batch of csv.batches(context.signal)) {
    for (const one of batch.rejected) rejected.push(one);
    waiting.push(...batch.accounts);
    if (waiting.length >= ACCOUNTS_A_WRITE) await flush();
  }
  await flush();
  return { created, existing, twice, rejected };
}

/** How many of these accounts this import has made, now or some thousand lines before: the file as a whole is not kept. */
async function madeNow(app: App, accounts: readonly NewAccount[], createdAt: string): Promise<number> {
  let made = 0;
  for (const { address } of accounts)
    if ((await app.store.accounts.get(address))?.createdAt === createdAt) made += 1;
  return made;
}

/** Every account of the file is on the target, locked: also those that an import which was cut short has left out. */
async function provision(context: CliContext, app: App, csv: CsvAccounts): Promise<void> {
  await provisionLocked(app, lockedRequests(csv, context.signal));
}

async function* lockedRequests(csv: CsvAccounts, signal: AbortSignal) {
  for await (const { accounts } of csv.batches(signal)) {
    for (const { address, name, quota } of accounts) yield { address, verifier: null, name, quota };
  }
}

async function rejectionsOf(csv: CsvAccounts, signal: AbortSignal): Promise<Rejection[]> {
  const rejected: Rejection[] = [];
  for await (const batch of csv.batches(signal)) {
    for (const one of batch.rejected) rejected.push(one);
  }
  return rejected;
}

/** What an import would do. Unlike the import it has to remember the addresses, to count twins in the file once. */
async function rehearse(context: CliContext, app: App, csv: CsvAccounts): Promise<ImportResult> {
  const seen = new Set<string>();
  let [existing, twice] = [0, 0];
  const rejected: Rejection[] = [];
  for await (const batch of csv.batches(context.signal)) {
    for (const account of batch.accounts) {
      if (seen.has(account.address)) twice += 1;
      else if (await app.store.accounts.get(account.address)) existing += 1;
      seen.add(account.address);
    }
    for (const one of batch.rejected) rejected.push(one);
  }
  return { created: seen.size - existing, existing, twice, rejected };
}

async function opened(
  { out, stdin, signal }: CliContext,
  file: string,
  domain: string,
): Promise<CsvAccounts> {
  if (file === "-" && "isTTY" in stdin && stdin.isTTY === true)
    out.note("The list is read from this terminal until Ctrl-D.");
  try {
    return await openCsv(await openInput(file, stdin, signal), domain, signal);
  } catch (error) {
    if (
      error instanceof CsvHeaderError ||
      error instanceof CsvEncodingError ||
      error instanceof CsvTooLongError
    )
      throw new CliError("bad_file", error.message, { cause: error });
    if (error instanceof Error && "syscall" in error)
      throw new CliError("bad_file", fileFault(file, error as NodeJS.ErrnoException), {
        exitStatus: 2,
        cause: error,
      });
    throw error;
  }
}

function noteLayout(out: Output, { layout }: CsvAccounts): void {
  if (layout.positions.password !== undefined)
    out.note(
      'Passwords in an import are not kept: each user\'s first login brings the password, or "imbarco migrate".',
    );
  if (layout.unknown.length > 0)
    out.note(`Not read: the columns ${layout.unknown.join(", ")}, which imbarco does not know.`);
}

function print(out: Output, domain: Domain, result: ImportResult, options: Options): void {
  const { created, existing, twice, rejected } = result;
  const isRefused = options.strict === true && rejected.length > 0;
  const verb = options.dryRun || isRefused ? "would be created" : "created";
  if (isRefused)
    out.line(out.colour("red", `Nothing was imported: ${counted(rejected.length, "bad line")}.`));
  else
    out.line(
      `${domain.name}: ${counted(created, "account")} ${verb}, ${existing} there already, ${twice > 0 ? `${twice} twice in the file, ` : ""}${counted(rejected.length, "line")} rejected.`,
    );
  if (rejected.length > 0)
    out.table(
      ["LINE", "VALUE", "REASON"],
      rejected.slice(0, SHOWN_REJECTIONS).map(({ line, value, reason }) => [line, value, reason]),
    );
  if (rejected.length > SHOWN_REJECTIONS)
    out.line(`… and ${rejected.length - SHOWN_REJECTIONS} more; --json lists them all.`);
  if (options.dryRun || isRefused || created + existing === 0) return;
  if (domain.state === "preparing") out.note(`next: imbarco domain enable ${domain.name}`);
  else out.note(`next: imbarco report ${domain.name} --stragglers`);
}

/** A file of which some lines are good has been imported; one with none, or one that had to be perfect, has not. */
function endBadly({ created, existing, rejected }: ImportResult, file: string, { strict }: Options): void {
  if (strict && rejected.length > 0)
    throw new CliError("rejected", "nothing was imported", { printed: true });
  // A list that has become empty on its way here must not look like one that is done.
  if (created + existing === 0)
    throw new CliError(
      "rejected",
      `${file === "-" ? "standard input" : file} has no account: no line of it is an address`,
      { printed: true },
    );
}
