import { Command, Option } from "commander";
import { type DomainReport, domainReport, type ReportPart } from "../cutover/report.ts";
import { ACCOUNT_STATES } from "../model/account.ts";
import { parseDomainName } from "../model/address.ts";
import { printAccountTable, writeJsonArray } from "./account-list.ts";
import { STATE_COLOURS } from "./account-view.ts";
import { withApp } from "./context.ts";
import { counted } from "./counted.ts";
import type { Output } from "./output.ts";
import type { Runner } from "./program.ts";
import { CSV_HEADER, csvRow } from "./report-csv.ts";

interface Options {
  readonly stragglers?: true;
  readonly attention?: true;
  readonly format: "table" | "csv" | "json";
}

/** `imbarco report NAME`: who has not logged in yet, who is where, what needs a hand. */
export function reportCommand(run: Runner): Command {
  return new Command("report")
    .argument("<name>", "the domain")
    .addOption(
      new Option("--stragglers", "only accounts whose users have not logged in yet").conflicts("attention"),
    )
    .option("--attention", "only accounts that need a hand")
    .addOption(
      new Option("--format <format>", "how to print it").choices(["table", "csv", "json"]).default("table"),
    )
    .action(
      run(async (context, text: string, options: Options) => {
        const name = parseDomainName(text);
        const part = options.stragglers ? "stragglers" : options.attention ? "attention" : "all";
        await withApp(context, async ({ store }) => {
          const report = await domainReport(store, name, part);
          const format = context.json ? "json" : options.format;
          if (format === "json") await printJson(context.out, report);
          else if (format === "csv") await printCsv(context.out, report);
          else await printTable(context.out, report, part);
        });
      }),
    );
}

async function printJson(out: Output, { accounts, ...head }: DomainReport): Promise<void> {
  // The head's closing brace makes room for the accounts, which are written as they come.
  out.write(`${JSON.stringify(head).slice(0, -1)},"accounts":`);
  await writeJsonArray(out, accounts);
  out.line("}");
}

async function printCsv(out: Output, report: DomainReport): Promise<void> {
  out.line(CSV_HEADER);
  for await (const account of report.accounts) {
    out.line(csvRow(account));
    await out.drained();
  }
}

async function printTable(out: Output, report: DomainReport, part: ReportPart): Promise<void> {
  const { counts, domain } = report;
  const total = ACCOUNT_STATES.reduce((sum, state) => sum + counts[state], 0);
  const states = ACCOUNT_STATES.filter((state) => counts[state] > 0).map((state) =>
    out.colour(STATE_COLOURS[state], `${counts[state]} ${state}`),
  );
  out.line(
    `${out.colour("bold", domain)} is ${report.state}, ${counted(total, "account")}${states.length > 0 ? `: ${states.join(", ")}` : ""}`,
  );
  out.line();
  const shown = await printAccountTable(out, report.accounts);
  if (shown === 0) out.line(EMPTY[part]);
  if (report.sourceWeakTls)
    out.note(
      out.colour(
        "yellow",
        "Warning: weak TLS is allowed toward this domain's source (--source-weak-tls): somebody with means may read passwords and mail on the way.",
      ),
    );
  if (report.sourceInClear)
    out.note(
      out.colour(
        "yellow",
        "Warning: passwords and mail travel in clear to this domain's source (--tls none): anybody on the way may read them, unless it is a network that nobody else can read.",
      ),
    );
  if (report.exclude.length > 0) out.note(`Not copied by the domain's rules: ${report.exclude.join(", ")}`);
  if (part === "all" && counts.attention > 0) out.note(`next: imbarco report ${domain} --attention`);
  else if (part !== "attention" && counts.waiting > 0 && report.state === "migrating")
    out.note(
      "next: let these users log in, or start them yourself: imbarco migrate ADDRESS --password-stdin",
    );
}

const EMPTY: Readonly<Record<ReportPart, string>> = {
  all: "It has no accounts yet.",
  stragglers: "Nobody is missing: every user has logged in.",
  attention: "Nothing needs a hand.",
};
