import { Command } from "commander";
import type { JobOutcome } from "../copy/deps.ts";
import { copyNow } from "../copy/now.ts";
import { startAccount } from "../login/start.ts";
import type { Account } from "../model/account.ts";
import { parseAddress } from "../model/address.ts";
import { NotFoundError } from "../store/store.ts";
import { type App, type CliContext, withApp } from "./context.ts";
import { copyDeps } from "./copy-deps.ts";
import { followProgress } from "./follow.ts";
import { CliError } from "./output.ts";
import { readPasswordLine } from "./password-line.ts";
import type { Runner } from "./program.ts";

interface Options {
  readonly passwordStdin?: boolean;
  readonly wait?: boolean;
}

/** `imbarco migrate ADDRESS --password-stdin`: starts an account whose user has not logged in yet. */
export function migrateCommand(run: Runner): Command {
  return new Command("migrate")
    .argument("<address>", "the account")
    .option("--password-stdin", "read its password from the first line of standard input")
    .option("--wait", "stay until the mailbox is copied, and show how it arrives")
    .action(
      run(async (context, text: string, options: Options) => {
        const address = parseAddress(text);
        if (!options.passwordStdin)
          throw new CliError("usage", "a password is needed", {
            exitStatus: 2,
            hint: "Give it with --password-stdin, as the first line of standard input.",
          });
        await withApp(context, async (app) => {
          await start(context, app, address);
          if (options.wait) await waitForCopy(context, app, address);
          const account = await accountOf(app, address);
          if (context.json) context.out.json(account);
          else if (options.wait) context.out.line(`${address} is ${account.state}.`);
          else
            context.out.line(
              `${address} is captured and its copy is queued: "imbarco serve" does it, and "imbarco watch" shows it.`,
            );
        });
      }),
    );
}

async function start(context: CliContext, app: App, address: string): Promise<void> {
  const password = await readPasswordLine(context.stdin, context.signal);
  try {
    const deps = await copyDeps(app);
    await startAccount({ ...deps, provisioner: app.provisioner }, address, password);
  } finally {
    password.wipe();
  }
}

/** Makes the pass in this process, or waits for the one that makes it already: an account has one worker at a time. */
async function waitForCopy(context: CliContext, app: App, address: string): Promise<void> {
  const deps = await copyDeps(app);
  const done = new AbortController();
  const watching = followProgress(context.out, async () => [await accountOf(app, address)], {
    until: () => done.signal.aborted,
    signal: context.json ? AbortSignal.abort() : AbortSignal.any([context.signal, done.signal]),
  });
  let outcome: JobOutcome;
  try {
    outcome = await copyNow(deps, address, context.signal);
  } finally {
    done.abort();
    await watching;
  }
  if (outcome.kind === "failed") throw outcome.failure;
  if (outcome.kind === "stopped")
    throw new CliError("interrupted", `the copy of ${address} was stopped; it goes on with "imbarco serve"`);
}

async function accountOf(app: App, address: string): Promise<Account> {
  const account = await app.store.accounts.get(address);
  if (!account) throw new NotFoundError(`there is no account ${address}`);
  return account;
}
