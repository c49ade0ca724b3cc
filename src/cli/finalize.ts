import { Command } from "commander";
import { type DnsPlan, dnsPlan } from "../cutover/dns.ts";
import { type FinalizeOutcome, finalizeDomain } from "../cutover/finalize.ts";
import type { Refusal } from "../cutover/refusals.ts";
import { parseDomainName } from "../model/address.ts";
import { shortened } from "./alike.ts";
import { confirmOnTerminal } from "./confirm.ts";
import { type App, type CliContext, withApp } from "./context.ts";
import { copyDeps } from "./copy-deps.ts";
import { counted } from "./counted.ts";
import { CliError, type Output } from "./output.ts";
import type { Runner } from "./program.ts";

interface Options {
  readonly dryRun?: boolean;
  readonly leaveStragglers?: boolean;
  readonly leaveRejected?: boolean;
  readonly yes?: boolean;
}

/** `imbarco finalize NAME`: last pass, comparison, purge of the sealed passwords. */
export function finalizeCommand(run: Runner): Command {
  return new Command("finalize")
    .argument("<name>", "the domain")
    .option("--dry-run", "only say what stands against it")
    .option(
      "--leave-stragglers",
      "finalize although some users have never logged in: they cannot be migrated afterwards",
    )
    .option("--leave-rejected", "finalize although messages are in quarantine: they stay at the source")
    .option("--yes", "do not ask; without a terminal nobody is asked")
    .action(
      run(async (context, text: string, options: Options) => {
        const name = parseDomainName(text);
        const { outcome, warnings } = await withApp(context, (app) => finalize(context, app, name, options));
        if (context.json) context.out.json({ domain: name, ...outcome, warnings });
        else printOutcome(context.out, name, outcome);
        for (const warning of warnings) context.out.note(warning);
        if (outcome.kind === "refused")
          throw new CliError("refused", `${name} cannot be finalized`, { printed: true });
      }),
    );
}

async function finalize(
  context: CliContext,
  app: App,
  name: string,
  options: Options,
): Promise<{ outcome: FinalizeOutcome; warnings: string[] }> {
  const outcome = await finalizeDomain(await copyDeps(app), name, {
    dryRun: options.dryRun ?? false,
    leaveStragglers: options.leaveStragglers ?? false,
    leaveRejected: options.leaveRejected ?? false,
    signal: context.signal,
    confirm: (started, leftBehind) =>
      confirmOnTerminal(context, lossOf(name, started, leftBehind), options.yes),
    onProgress: (done, total, address) => context.out.note(`${done} of ${total}: ${address} looked at`),
  });
  return { outcome, warnings: await warningsOnDns(app, name) };
}

/** What nobody can take back afterwards. */
function lossOf(name: string, started: number, leftBehind: number): string {
  const behind =
    leftBehind === 0
      ? ""
      : `, and ${counted(leftBehind, "account")} whose users have never logged in can no longer be migrated`;
  return `When a last pass has proven that all is there, the sealed passwords of ${counted(started, "account")} of ${name} are deleted and the old server is never asked again: a finalized domain cannot be opened again${behind}.`;
}

/** Mail that still goes to the old platform after the last pass stays there. */
async function warningsOnDns(app: App, name: string): Promise<string[]> {
  const domain = await app.store.domains.get(name);
  if (!domain || domain.cutover.mx.length === 0) return [];
  const warning = warningOf(name, await dnsPlan({ servers: app.config.dns.servers }, domain));
  return warning === null ? [] : [warning];
}

/** What to warn of, by the plan for the domain's DNS; null where its mail goes to the new platform alone. */
export function warningOf(name: string, plan: DnsPlan): string | null {
  const lost = `what the old one still receives is not copied any more. See "imbarco dns ${name}".`;
  if (plan.now.mx.kind === "unknown")
    return `Warning: the DNS could not be asked whether mail for ${name} goes to the new platform alone (${plan.now.mx.message}); ${lost}`;
  if ([...plan.remove, ...plan.add].some((record) => record.type === "MX"))
    return `Warning: as far as the DNS says, mail for ${name} does not go to the new platform alone; ${lost}`;
  return null;
}

function printOutcome(out: Output, name: string, outcome: FinalizeOutcome): void {
  switch (outcome.kind) {
    case "finalized":
      out.line(
        out.colour(
          "green",
          `${name} is finalized: ${counted(outcome.accounts, "account")}, ${counted(outcome.purged, "sealed password")} deleted.`,
        ),
      );
      if (outcome.leftBehind > 0)
        out.line(
          out.colour(
            "yellow",
            `${counted(outcome.leftBehind, "account")} whose users never logged in: left behind.`,
          ),
        );
      for (const line of exceptionLines(outcome)) out.line(out.colour("yellow", line));
      return;
    case "possible":
      out.line(`Nothing stands against finalizing ${name} (${counted(outcome.accounts, "account")}).`);
      return;
    case "refused":
      printRefusals(out, name, outcome.reasons);
      return;
  }
}

function exceptionLines(outcome: Extract<FinalizeOutcome, { kind: "finalized" }>): string[] {
  const { mended, wrapped, refused } = outcome;
  return [
    ...(mended > 0
      ? [
          `${counted(mended, "message")} stored with line ends mended or NULs removed, because the target refused them as they were.`,
        ]
      : []),
    ...(wrapped > 0
      ? [
          `${counted(wrapped, "message")} stored within a covering message, because the target refused them otherwise.`,
        ]
      : []),
    ...(refused > 0 ? [`${counted(refused, "message")} in quarantine: left behind at the source.`] : []),
  ];
}

/** One line a reason; what can be done about stragglers is said once. */
function printRefusals(out: Output, name: string, reasons: readonly Refusal[]): void {
  const shown = shortened(reasons);
  out.line(out.colour("red", `${name} cannot be finalized:`));
  out.table(
    ["ACCOUNT", "REASON"],
    shown.map(({ who, message }) => [who ?? name, message]),
  );
  if (shown.length < reasons.length) out.note("--json names every account.");
  if (reasons.some((one) => one.code === "straggler"))
    out.note(`Start the stragglers with "imbarco migrate", or leave them behind with --leave-stragglers.`);
}
