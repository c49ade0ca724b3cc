import { Command } from "commander";
import { mayHaveQuarantine, type QuarantinedMessage, quarantineOf } from "../cutover/quarantine.ts";
import { type Account } from "../model/account.ts";
import { parseAddress, parseDomainName } from "../model/address.ts";
import { NotFoundError } from "../store/store.ts";
import { timeText } from "./account-view.ts";
import { type App, type CliContext, withApp } from "./context.ts";
import type { Cell } from "./output.ts";
import type { Runner } from "./program.ts";
import { sizeText } from "./quantities.ts";
import { quarantineRetryCommand } from "./quarantine-retry.ts";
import { quarantineShowCommand } from "./quarantine-show.ts";

/** `imbarco quarantine …`: messages that the target has refused. */
export function quarantineCommand(run: Runner): Command {
  return new Command("quarantine")
    .addCommand(listCommand(run))
    .addCommand(quarantineShowCommand(run))
    .addCommand(quarantineRetryCommand(run));
}

function listCommand(run: Runner): Command {
  return new Command("list")
    .description("messages that are not on the target because a server refuses them, with its words")
    .argument("[name-or-address]", "a domain, or one account (default: all)")
    .option("--all", "also those that the target has taken mended or wrapped")
    .action(
      run(async (context, words: string | undefined, options: { readonly all?: boolean }) => {
        await withApp(context, (app) => list(context, app, words, options.all ?? false));
      }),
    );
}

async function list(context: CliContext, app: App, words: string | undefined, all: boolean): Promise<void> {
  const { out } = context;
  const messages: QuarantinedMessage[] = [];
  for await (const address of accountsOf(app, words, all))
    messages.push(...(await quarantineOf(app, address, { all })));
  if (context.json) out.json(messages);
  else if (messages.length === 0)
    out.note(all ? "no message has been refused" : "no message is in quarantine");
  else
    out.table(
      ["ACCOUNT", "FOLDER", "UID", "DATE", "SIZE", "SUBJECT", ...(all ? ["OUTCOME"] : []), "REASON"],
      messages.map((message) => rowOf(message, all)),
      ["SIZE"],
      ["DATE"],
    );
}

function rowOf(message: QuarantinedMessage, all: boolean): Cell[] {
  return [
    message.address,
    message.folder,
    message.uid,
    timeText(message.date),
    sizeText(message.size),
    message.subject,
    ...(all ? [outcomeCell(message.outcome)] : []),
    message.reason,
  ];
}

function outcomeCell(outcome: QuarantinedMessage["outcome"]): Cell {
  return { text: outcome, colour: outcome === "refused" ? "red" : "yellow" };
}

/** The accounts that the words name and that may have messages to show. */
async function* accountsOf(app: App, words: string | undefined, all: boolean): AsyncGenerator<string> {
  if (words?.includes("@")) {
    const address = parseAddress(words);
    if (!(await app.store.accounts.get(address))) throw new NotFoundError(`there is no account ${address}`);
    yield address;
    return;
  }
  const domain = words === undefined ? undefined : parseDomainName(words);
  if (domain !== undefined && !(await app.store.domains.get(domain)))
    throw new NotFoundError(`there is no domain ${domain}; "imbarco domain list" shows those there are`);
  const isWanted = (account: Account) => (all ? account.state !== "waiting" : mayHaveQuarantine(account));
  for await (const account of app.store.accounts.list(domain === undefined ? {} : { domain }))
    if (isWanted(account)) yield account.address;
}
