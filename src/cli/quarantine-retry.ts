import { Command } from "commander";
import type { QuarantinedMessage, QuarantineFilter } from "../cutover/quarantine.ts";
import { passOver, type Retried, RetryRefusedError, retryQuarantined } from "../cutover/quarantine-retry.ts";
import { parseAddress, parseDomainName } from "../model/address.ts";
import { NotFoundError } from "../store/store.ts";
import { type App, type CliContext, withApp } from "./context.ts";
import { copyDeps } from "./copy-deps.ts";
import { counted } from "./counted.ts";
import { CliError, type Colour } from "./output.ts";
import type { Runner } from "./program.ts";
import { uidOf } from "./quarantine-show.ts";

interface Options {
  readonly folder?: string;
  readonly uid?: number;
  readonly wait?: boolean;
}

/** What `--json` prints of an account. */
interface AccountRetry {
  readonly address: string;
  readonly messages: readonly (QuarantinedMessage | Retried)[];
  /** Why its pass did not end whole; `null` where it did, or where none was waited for. */
  readonly failure: string | null;
}

/** `imbarco quarantine retry ADDRESS… | NAME`: tries refused messages again. */
export function quarantineRetryCommand(run: Runner): Command {
  return new Command("retry")
    .description(
      "try refused messages again, after something was changed on the target; exit status 1 if --wait finds one refused again",
    )
    .argument("<name-or-address...>", "a domain, or accounts")
    .option("--folder <folder>", "only those of this folder at the source (of one account)")
    .option("--uid <uid>", "only this one of the folder", uidOf)
    .option("--wait", "make the pass now and say what became of each message")
    .action(
      run(async (context, words: readonly string[], options: Options) => {
        checkOptions(words, options);
        const results = await withApp(context, (app) => retry(context, app, words, options));
        if (context.json) context.out.json(results);
        else print(context, results, options.wait ?? false);
        const isBad = (one: AccountRetry) =>
          one.failure !== null ||
          one.messages.some(({ outcome }) => outcome === "refused" || outcome === "untried");
        if (options.wait && results.some(isBad))
          throw new CliError("refused", "not all messages are on the target", { printed: true });
      }),
    );
}

function checkOptions(words: readonly string[], { folder, uid }: Options): void {
  if (uid !== undefined && folder === undefined)
    throw new CliError("usage", "--uid needs --folder: a UID means something in its folder only", {
      exitStatus: 2,
    });
  if (folder !== undefined && (words.length !== 1 || !words[0]?.includes("@")))
    throw new CliError("usage", "--folder is for one account", { exitStatus: 2 });
}

async function retry(
  context: CliContext,
  app: App,
  words: readonly string[],
  options: Options,
): Promise<AccountRetry[]> {
  const deps = await copyDeps(app);
  const filter: QuarantineFilter = { folder: options.folder, uid: options.uid };
  const results: (AccountRetry & { readonly messages: readonly QuarantinedMessage[] })[] = [];
  try {
    for (const address of await addressesOf(app, words)) {
      const messages = await retryQuarantined(deps, address, filter, context.signal);
      if (messages.length > 0) results.push({ address, messages, failure: null });
    }
  } catch (error) {
    if (error instanceof RetryRefusedError) throw new CliError("refused", error.message, { cause: error });
    throw error;
  }
  if (options.folder !== undefined && results.length === 0)
    throw new CliError("not_found", `no message in quarantine is meant by this`, {
      hint: `"imbarco quarantine list ${words[0]}" shows those there are.`,
    });
  if (!options.wait) return results;
  const waited: AccountRetry[] = [];
  for (const { address, messages } of results) {
    const { messages: after, failure } = await passOver(deps, address, messages, context.signal);
    waited.push({ address, messages: after, failure: failure?.message ?? null });
  }
  return waited;
}

/** A domain stands for those of its accounts that have messages in quarantine. */
async function addressesOf(app: App, words: readonly string[]): Promise<string[]> {
  const addresses = new Set<string>();
  for (const word of words) {
    if (word.includes("@")) {
      addresses.add(parseAddress(word));
      continue;
    }
    const domain = parseDomainName(word);
    if (!(await app.store.domains.get(domain)))
      throw new NotFoundError(`there is no domain ${domain}; "imbarco domain list" shows those there are`);
    for await (const account of app.store.accounts.list({ domain }))
      if (account.quarantined > 0) addresses.add(account.address);
  }
  return [...addresses];
}

function print({ out }: CliContext, results: readonly AccountRetry[], hasWaited: boolean): void {
  if (results.length === 0) out.line("no message is in quarantine");
  if (!hasWaited) {
    for (const { address, messages } of results)
      out.line(
        `${address}: ${counted(messages.length, "message")} will be tried again by the pass that is due now; "imbarco serve" makes it`,
      );
    return;
  }
  if (results.length > 0)
    out.table(
      ["ACCOUNT", "FOLDER", "UID", "SUBJECT", "OUTCOME", "REASON"],
      results.flatMap(({ messages }) =>
        messages.map((message) => [
          message.address,
          message.folder,
          message.uid,
          message.subject,
          { text: OUTCOMES[message.outcome].text, colour: OUTCOMES[message.outcome].colour },
          message.outcome === "stored" || message.outcome === "gone" ? null : message.reason,
        ]),
      ),
    );
  for (const { address, failure } of results)
    if (failure !== null) out.note(`${address}: the pass did not end whole: ${failure}`);
}

const OUTCOMES: Readonly<Record<Retried["outcome"], { readonly text: string; readonly colour: Colour }>> = {
  stored: { text: "stored", colour: "green" },
  mended: { text: "stored mended", colour: "yellow" },
  wrapped: { text: "stored wrapped", colour: "yellow" },
  refused: { text: "refused again", colour: "red" },
  gone: { text: "gone at the source", colour: "gray" },
  untried: { text: "not tried yet", colour: "red" },
};
