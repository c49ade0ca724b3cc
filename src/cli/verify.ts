import { Command } from "commander";
import type { VerifyProgress } from "../cutover/compare-folders.ts";
import type { AccountComparison, Comparison, FolderComparison } from "../cutover/comparison.ts";
import { remedySentences } from "../cutover/remedies.ts";
import { NotComparableError, type VerifyOptions, verifyAccount } from "../cutover/verify.ts";
import { verifyDomain } from "../cutover/verify-domain.ts";
import { parseAddress, parseDomainName } from "../model/address.ts";
import { shortened } from "./alike.ts";
import { type App, type CliContext, withApp } from "./context.ts";
import { copyDeps } from "./copy-deps.ts";
import { counted } from "./counted.ts";
import { type Cell, CliError, type Output } from "./output.ts";
import type { Runner } from "./program.ts";

/** Differences shown one by one for a folder; `--json` has more. */
const SHOWN_DIFFERENCES = 5;

/** `imbarco verify NAME|ADDRESS`: compares source and target, folder by folder. */
export function verifyCommand(run: Runner): Command {
  return new Command("verify")
    .argument("<name-or-address>", "a domain, or one account")
    .option("--deep", "compare the contents of every message")
    .action(
      run(async (context, words: string, options: { deep?: boolean }) => {
        const comparison = await withApp(context, (app) =>
          compare(context, app, words, options.deep ?? false),
        );
        if (context.json) context.out.json(comparison);
        else printComparison(context.out, comparison);
        if (!comparison.equal)
          throw new CliError("not_equal", "source and target are not equal", { printed: true });
      }),
    );
}

async function compare(context: CliContext, app: App, words: string, deep: boolean): Promise<Comparison> {
  const deps = await copyDeps(app);
  const options: VerifyOptions = { deep, signal: context.signal, onProgress: progressTo(context.out) };
  try {
    if (!words.includes("@")) return await verifyDomain(deps, parseDomainName(words), options);
    const account = await verifyAccount(deps, parseAddress(words), options);
    return { equal: account.equal, accounts: [account], notCompared: [] };
  } catch (error) {
    // Ctrl-C tears the connections off: what is said of them then is no fault of a server.
    context.signal.throwIfAborted();
    if (error instanceof NotComparableError)
      throw new CliError("not_comparable", error.message, { cause: error });
    throw error;
  }
}

function progressTo(out: Output): (progress: VerifyProgress) => void {
  return ({ address, folder, contentsDone, contentsTotal }) =>
    out.note(`${address} ${folder}: ${contentsDone} of ${contentsTotal} messages read on both sides`);
}

function printComparison(out: Output, comparison: Comparison): void {
  for (const account of comparison.accounts) printAccount(out, account);
  const notCompared = shortened(
    comparison.notCompared.map(({ address, message }) => ({ account: address, message })),
  );
  for (const { who, message } of notCompared)
    out.line(`${who}: ${out.colour("yellow", "not compared")}, ${message}`);
  if (notCompared.length < comparison.notCompared.length) out.note("--json names every account.");
  const verdict = comparison.equal ? out.colour("green", "equal") : out.colour("red", "not equal");
  out.line(`${counted(comparison.accounts.length, "account")} compared: ${verdict}`);
}

function printAccount(out: Output, account: AccountComparison): void {
  const verdict = account.equal ? out.colour("green", "equal") : out.colour("red", "not equal");
  out.line(`${out.colour("bold", account.address)}: ${verdict}`);
  for (const remark of account.remarks) out.note(`${account.address}: ${remark}`);
  out.table(
    ["FOLDER", "TARGET", "SOURCE", "THERE", "MISSING", "DIFFERENT", "EXTRA", "REMOVED"],
    account.folders.map(rowOf),
  );
  for (const folder of account.folders) {
    for (const line of detailsOf(folder)) out.line(`  ${folder.source}: ${line}`);
  }
  for (const { source, reason } of account.excluded)
    out.line(
      `  ${source}: ${reason === "rule" ? "not copied, as the domain excludes it" : "not copied, it only shows messages of other folders"}`,
    );
  out.line();
}

function rowOf(folder: FolderComparison): Cell[] {
  const bad = (count: number): Cell => (count > 0 ? { text: String(count), colour: "red" } : 0);
  return [
    folder.source,
    folder.target ?? { text: "not made", colour: "red" },
    folder.sourceCount,
    folder.targetCount,
    bad(folder.missing),
    bad(folder.differences),
    folder.extra,
    folder.removedOnTarget,
  ];
}

function detailsOf(folder: FolderComparison): string[] {
  const details: string[] = [];
  for (const one of folder.missingMessages.slice(0, SHOWN_DIFFERENCES))
    details.push(
      `source UID ${one.sourceUid} is missing${one.refusal === null ? "" : `, in quarantine: ${one.refusal}`}`,
    );
  for (const one of folder.different.slice(0, SHOWN_DIFFERENCES))
    details.push(`source UID ${one.sourceUid}, target UID ${one.targetUid}: ${one.message}`);
  const listed =
    Math.min(folder.missing, SHOWN_DIFFERENCES) + Math.min(folder.differences, SHOWN_DIFFERENCES);
  const more = folder.missing + folder.differences - listed;
  if (more > 0) details.push(`and ${more} more`);
  if (folder.flagsChangedOnTarget > 0)
    details.push(
      `${counted(folder.flagsChangedOnTarget, "message")} with flags that the user changed on the target`,
    );
  details.push(...remedySentences(folder.remedied));
  if (folder.mended > 0)
    details.push(`${counted(folder.mended, "message")} with line ends or NULs as the target stores them`);
  return details;
}
