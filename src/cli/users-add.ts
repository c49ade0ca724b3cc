import { Command } from "commander";
import type { NewAccount } from "../model/account.ts";
import { domainOf, parseAddress } from "../model/address.ts";
import type { Domain } from "../model/domain.ts";
import { NotFoundError } from "../store/store.ts";
import { type App, withApp } from "./context.ts";
import { counted } from "./counted.ts";
import { CliError } from "./output.ts";
import type { Runner } from "./program.ts";
import { provisionLocked } from "./provision-locked.ts";

interface Options {
  readonly sourceLogin?: string;
}

/** `imbarco users add ADDRESS…`: a few accounts by hand. */
export function usersAddCommand(run: Runner): Command {
  return new Command("add")
    .description("create accounts by hand")
    .argument("<address...>", "full addresses; their domains must be there")
    .option("--source-login <name>", "the name to log in with at the source, for a single account")
    .action(
      run(async (context, texts: string[], options: Options) => {
        if (options.sourceLogin !== undefined && texts.length > 1)
          throw new CliError("usage", "--source-login is for a single account", { exitStatus: 2 });
        const accounts = texts.map((text) => newAccount(text, options));
        await withApp(context, async (app) => {
          const domains = await domainsOf(app, accounts);
          const counts = await app.store.accounts.addMany(accounts, new Date().toISOString());
          await provisionLocked(
            app,
            accounts.map(({ address, name, quota }) => ({ address, verifier: null, name, quota })),
          );
          if (context.json) {
            context.out.json({ ...counts, rejected: [] });
            return;
          }
          context.out.line(
            `${counted(counts.created, "account")} created, ${counts.existing} there already.`,
          );
          for (const { name, state } of domains)
            if (state === "preparing") context.out.note(`next: imbarco domain enable ${name}`);
        });
      }),
    );
}

function newAccount(text: string, { sourceLogin }: Options): NewAccount {
  const address = parseAddress(text);
  return { address, domain: domainOf(address), sourceLogin: sourceLogin ?? null, name: null, quota: null };
}

async function domainsOf(app: App, accounts: readonly NewAccount[]): Promise<Domain[]> {
  const domains: Domain[] = [];
  for (const name of new Set(accounts.map((account) => account.domain))) {
    const domain = await app.store.domains.get(name);
    if (!domain)
      throw new NotFoundError(`there is no domain ${name}; add it first with "imbarco domain add"`);
    if (domain.state === "finalized")
      throw new CliError("finalized", `${name} is finalized: new accounts would have no source to come from`);
    domains.push(domain);
  }
  return domains;
}
