import { Command } from "commander";
import type { Account } from "../model/account.ts";
import { parseDomainName } from "../model/address.ts";
import { NotFoundError, type Store } from "../store/store.ts";
import { withApp } from "./context.ts";
import { followProgress } from "./follow.ts";
import type { Runner } from "./program.ts";

interface Options {
  readonly untilSynced?: boolean;
}

/** `imbarco watch [NAME]`: a bar per account until Ctrl-C. */
export function watchCommand(run: Runner): Command {
  return new Command("watch")
    .argument("[name]", "only this domain")
    .option("--until-synced", "end when no account is on its way any more")
    .action(
      run(async (context, text: string | undefined, options: Options) => {
        const domain = text === undefined ? undefined : parseDomainName(text);
        await withApp(context, async ({ store }) => {
          if (domain !== undefined && !(await store.domains.get(domain)))
            throw new NotFoundError(
              `there is no domain ${domain}; "imbarco domain list" shows those there are`,
            );
          let isAtEnd = false;
          await followProgress(context.out, () => accountsOf(store, domain), {
            until: (accounts) => {
              isAtEnd = (options.untilSynced ?? false) && !accounts.some(isUnderWay);
              return isAtEnd;
            },
            signal: context.signal,
            json: context.json,
          });
          // Nobody asked for an end but the signal; with --until-synced it may have come too late.
          if (!isAtEnd) context.signal.throwIfAborted();
        });
      }),
    );
}

async function accountsOf(store: Store, domain: string | undefined): Promise<Account[]> {
  const accounts: Account[] = [];
  for await (const account of store.accounts.list(domain === undefined ? {} : { domain }))
    accounts.push(account);
  return accounts;
}

function isUnderWay(account: Account): boolean {
  return account.state === "captured" || account.state === "copying";
}
