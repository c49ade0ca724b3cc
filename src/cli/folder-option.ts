import { type Command, Option } from "commander";
import { type FolderPolicies, SOURCE_DELETES, type SourceDeletes } from "../model/domain.ts";
import { type FolderRule, problemOfPath } from "../model/folder-map.ts";
import { CliError } from "./output.ts";

/** How `domain add` and `domain set` say which folders go where. */
export interface FolderOptions {
  readonly map?: readonly string[] | false;
  readonly exclude?: readonly string[] | false;
  readonly sourceDeletes?: SourceDeletes;
}

/** Adds the options for the folders. */
export function withFolderOptions(command: Command): Command {
  return command
    .option(
      "--map <old=new>",
      "what is called OLD at the source, and all below it, is called NEW on the target; levels are parted by /; may be repeated, replaces those set before",
      collected,
    )
    .option(
      "--exclude <folder>",
      "a folder that is not copied, with * at its end a whole branch; may be repeated, replaces those set before",
      collected,
    )
    .addOption(
      new Option(
        "--source-deletes <what>",
        "what becomes on the target of a message deleted at the source: keep (the default), or trash",
      ).choices(SOURCE_DELETES),
    );
}

/** Adds the options that take the rules back. */
export function withoutFolderOptions(command: Command): Command {
  return command
    .option("--no-map", "no folder is called otherwise on the target by rule any more")
    .option("--no-exclude", "all folders are copied again");
}

/**
 * The policies that the options name; what none names stays as it is.
 * @throws {CliError} for what is no rule
 */
export function folderPoliciesOf(options: FolderOptions, present: FolderPolicies): FolderPolicies {
  return {
    folderMap: options.map === undefined ? present.folderMap : rulesOf(options.map || []),
    exclude:
      options.exclude === undefined ? present.exclude : [...new Set((options.exclude || []).map(patternOf))],
    sourceDeletes: options.sourceDeletes ?? present.sourceDeletes,
  };
}

function rulesOf(texts: readonly string[]): FolderRule[] {
  const rules = texts.map(ruleOf);
  for (const { from } of rules)
    if (rules.filter((rule) => rule.from === from).length > 1)
      throw usage(`there are two rules for "${from}"`, "A folder goes to one place only.");
  return rules;
}

function ruleOf(text: string): FolderRule {
  const at = text.indexOf("=");
  const [from, to] = [text.slice(0, at), text.slice(at + 1)].map((path) => path.normalize("NFC"));
  const hint = "Give it as --map 'Old=New', or --map 'Old/Below=New/Place' for levels.";
  if (at === -1 || from === undefined || to === undefined) throw usage(`"${text}" is not a rule`, hint);
  const problem = problemOfPath(from) ?? problemOfPath(to);
  if (problem !== null) throw usage(`the rule "${text}" cannot be: ${problem}`, hint);
  if (from.toUpperCase() === "INBOX")
    throw usage(
      "INBOX is INBOX on both sides and cannot be called otherwise",
      "Folders below it can: --map 'INBOX/Old=New'.",
    );
  return { from, to };
}

function patternOf(text: string): string {
  const pattern = text.normalize("NFC");
  if (pattern === "") throw usage('no folder is named by ""', "To copy all folders again: --no-exclude.");
  const path = /^[*%]$/.test(pattern) ? "x" : pattern.replace(/\/?[*%]$/, "");
  const problem = problemOfPath(path);
  if (problem !== null)
    throw usage(
      `"${text}" cannot be excluded: ${problem}`,
      "Give a folder as --exclude 'Old/Below', a whole branch as --exclude 'Old*'.",
    );
  if (pattern.toUpperCase() === "INBOX")
    throw usage("INBOX is always copied", "Other folders can be excluded.");
  return pattern;
}

function usage(message: string, hint: string): CliError {
  return new CliError("usage", message, { exitStatus: 2, hint });
}

function collected(value: string, before: readonly string[] | false | undefined): readonly string[] {
  return [...(before || []), value];
}
