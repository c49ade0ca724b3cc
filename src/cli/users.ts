import { Command, Option } from "commander";
import { ACCOUNT_STATES, type AccountState } from "../model/account.ts";
import { domainOf, parseAddress, parseDomainName } from "../model/address.ts";
import { NotFoundError } from "../store/store.ts";
import { printAccountTable, writeJsonArray, writeJsonLines } from "./account-list.ts";
import { printAccount } from "./account-view.ts";
import { type App, type CliContext, withApp } from "./context.ts";
import { CliError } from "./output.ts";
import type { Runner } from "./program.ts";
import { printRenamedFolders, renamedFolders } from "./renamed-folders.ts";
import { usersAddCommand } from "./users-add.ts";
import { usersImportCommand } from "./users-import.ts";
import { usersRemoveCommand } from "./users-remove.ts";

/** Above this many accounts a list is newline-delimited JSON (contract §3). */
const ARRAY_LIMIT = 10_000;

/** `imbarco users …`: the accounts of a domain. */
export function usersCommand(run: Runner): Command {
  return new Command("users")
    .addCommand(usersImportCommand(run))
    .addCommand(usersAddCommand(run))
    .addCommand(listCommand(run))
    .addCommand(showCommand(run))
    .addCommand(usersRemoveCommand(run));
}

function listCommand(run: Runner): Command {
  return new Command("list")
    .description("the accounts of a domain, by address")
    .argument("<name>", "the domain")
    .addOption(new Option("--state <state>", "only those in this state").choices(ACCOUNT_STATES))
    .action(
      run(async (context, text: string, options: { readonly state?: AccountState }) => {
        const name = parseDomainName(text);
        await withApp(context, async (app) => {
          if (!(await app.store.domains.get(name)))
            throw new NotFoundError(
              `there is no domain ${name}; "imbarco domain list" shows those there are`,
            );
          await list(context, app, name, options.state);
        });
      }),
    );
}

async function list(
  context: CliContext,
  app: App,
  domain: string,
  state: AccountState | undefined,
): Promise<void> {
  const { out } = context;
  const accounts = app.store.accounts.list({ domain, ...(state === undefined ? {} : { state }) });
  if (!context.json) {
    if ((await printAccountTable(out, accounts)) === 0)
      out.note(`${domain} has no ${state ?? ""} accounts`.replace("  ", " "));
    return;
  }
  const counts = await app.store.accounts.counts(domain);
  const count =
    state === undefined ? Object.values(counts).reduce((sum, one) => sum + one, 0) : counts[state];
  if (count > ARRAY_LIMIT) await writeJsonLines(out, accounts);
  else {
    await writeJsonArray(out, accounts);
    out.line();
  }
}

function showCommand(run: Runner): Command {
  return new Command("show")
    .description("all that is known of one account")
    .argument("<address>", "the account")
    .action(
      run(async (context, text: string) => {
        const address = parseAddress(text);
        await withApp(context, async ({ store }) => {
          const account = await store.accounts.get(address);
          const domain = account && (await store.domains.get(account.domain));
          if (!account || !domain)
            throw new CliError("not_found", `there is no account ${address}`, {
              hint: `"imbarco users list ${domainOf(address)}" shows those there are.`,
            });
          const renamed = renamedFolders(await store.ledger.load(address), domain.folderMap);
          if (context.json) context.out.json({ ...account, renamedFolders: renamed });
          else {
            printAccount(context.out, account);
            printRenamedFolders(context.out, renamed);
          }
        });
      }),
    );
}
