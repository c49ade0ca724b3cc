import { Command } from "commander";
import { parseAddress } from "../model/address.ts";
import { NotFoundError } from "../store/store.ts";
import { confirm } from "./confirm.ts";
import { withApp } from "./context.ts";
import type { Runner } from "./program.ts";

/** `imbarco users remove ADDRESS`: the account, its passwords, job and ledger. Its mail stays on both sides. */
export function usersRemoveCommand(run: Runner): Command {
  return new Command("remove")
    .description("forget an account; its mail stays on both sides")
    .argument("<address>", "the account")
    .option("--yes", "do not ask")
    .action(
      run(async (context, text: string, options: { readonly yes?: boolean }) => {
        const address = parseAddress(text);
        await withApp(context, async (app) => {
          const account = await app.store.accounts.get(address);
          if (!account) throw new NotFoundError(`there is no account ${address}`);
          if (account.state !== "waiting") await confirm(context, lossOf(address), options.yes);
          // A finalized account lives on the target alone: its login there is no longer ours to take.
          const keepsLogin = account.state === "finalized";
          // The step that may fail comes first: an account that stays must keep its job.
          if (!keepsLogin) await app.provisioner.remove(address);
          await app.queue.remove(address);
          await app.store.accounts.remove(address);
          if (context.json)
            context.out.json({ removed: address, targetLogin: keepsLogin ? "kept" : "removed" });
          else
            context.out.line(
              keepsLogin
                ? `${address} is removed; its login at the target stays.`
                : `${address} is removed, its login at the target too; mail that is there stays.`,
            );
        });
      }),
    );
}

function lossOf(address: string): string {
  return `${address} has logged in already: imbarco would forget what has been copied, and adding the account again would copy every message a second time.`;
}
