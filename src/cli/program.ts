import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { Command, CommanderError } from "commander";
import { commandsFor } from "./commands.ts";
import type { CliContext } from "./context.ts";
import { CliError, type Output } from "./output.ts";
import { StoppedBySignal } from "./stopped-by-signal.ts";

/**
 * Gives a command's action its context. Commander calls it with the positional arguments, the options and the command; the
 * action is called with the context before them.
 */
export type Runner = <A extends unknown[]>(
  action: (context: CliContext, ...args: A) => Promise<void>,
) => (...args: A) => Promise<void>;

/** The world around one run of the program. */
export interface CliEnvironment {
  /** What stands behind the program's name. */
  readonly words: readonly string[];
  readonly out: Output;
  readonly stdin: Readable;
  readonly signal: AbortSignal;
}

interface GlobalOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/**
 * Runs the command that the words ask for; never throws.
 * @returns the exit status: 0 done, 1 the thing asked for failed, 2 wrong usage or configuration; 130 or 143 where SIGINT or SIGTERM has ended it before it was done
 */
export async function runProgram(environment: CliEnvironment): Promise<number> {
  const { out } = environment;
  const asJson = environment.words.includes("--json");
  let command = "";
  try {
    const program = await buildProgram(environment);
    program.hook("preAction", (_program, one) => {
      command = one.name();
    });
    await program.parseAsync(environment.words, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure = (await import("./error.ts")).asCliError(error);
    if (asJson && !failure.printed)
      out.json({ error: { code: failure.code, message: failure.message, hint: failure.hint } });
    out.note(`imbarco: ${failure.message}`);
    if (failure.hint !== null) out.note(failure.hint);
    const { reason } = environment.signal as { reason: unknown };
    // A signal is how `serve` is told to stop: what goes wrong then is no end by the signal.
    return reason instanceof StoppedBySignal && command !== "serve" ? reason.exitStatus : failure.exitStatus;
  }
}

async function buildProgram(environment: CliEnvironment): Promise<Command> {
  const program = new Command("imbarco")
    .description(
      "The door of a new mail platform: users log in with their old password and their mailbox follows.",
    )
    .option("-c, --config <file>", "configuration (default: $IMBARCO_CONFIG, else /etc/imbarco/imbarco.yaml)")
    .option("--json", "print results as JSON")
    .version(version(), "-V, --version", "print the version");
  const run: Runner =
    (action) =>
    async (...args) => {
      const { configPath } = await import("../config/load.ts");
      const options = program.opts<GlobalOptions>();
      const { out, stdin, signal } = environment;
      const configFile = configPath(options.config);
      await action({ configFile, json: options.json ?? false, out, stdin, signal }, ...args);
    };
  for (const command of await commandsFor(environment.words, run)) program.addCommand(command);
  for (const command of withDescendants(program)) frame(command, environment.out);
  return program;
}

/** What all commands share; commander hands settings down only to commands that it makes itself. */
function frame(command: Command, out: Output): void {
  command
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : usageError(error, command);
    })
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true, helpWidth: out.isTty ? out.columns : 100 })
    .configureOutput({
      writeOut: (text) => out.write(text),
      // The caller prints the error itself, as JSON too.
      outputError: () => undefined,
      writeErr: (text) => out.note(text.trimEnd()),
    });
}

function withDescendants(command: Command): Command[] {
  return [command, ...command.commands.flatMap((child) => withDescendants(child))];
}

/** @param command the one whose words were wrong: its help is the one to read */
function usageError(error: CommanderError, command: Command): CliError {
  // Called without a subcommand that it needs: commander has printed the help.
  if (error.code === "commander.help")
    return new CliError("usage", "no command was given", { exitStatus: 2 });
  const [message = "", ...suggestion] = error.message.replace(/^error: /, "").split("\n");
  const hint = [...suggestion, `"${fullName(command)} --help" says what is possible.`].join("\n");
  return new CliError("usage", message, { hint, exitStatus: 2, cause: error });
}

/** As it is typed, such as `imbarco users import`. */
function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
