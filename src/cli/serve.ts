import { Command } from "commander";
import { loadConfig } from "../config/load.ts";
import { createLog } from "../log/log.ts";
import { runningServe } from "../process/control-client.ts";
import { planOf, seatsOf } from "../process/jobs.ts";
import { beginAgain } from "../process/node-settings.ts";
import type { CliContext } from "./context.ts";
import { CliError } from "./output.ts";
import type { Runner } from "./program.ts";

/** `imbarco serve`: everything that the configuration names, until SIGTERM or Ctrl-C. */
export function serveCommand(run: Runner): Command {
  return new Command("serve").action(run((context) => serveAll(context)));
}

/** What is not needed is not loaded: a supervisor serves nobody itself, and stays small. */
async function serveAll({ configFile, signal }: CliContext): Promise<void> {
  const { config, written, warnings } = await loadConfig(configFile);
  const plan = planOf(config, written);
  const isAlone = config.processes === 1 || seatsOf(plan).length === 0;
  if (isAlone) await beginAgain(config.roles, signal);
  const log = createLog({ level: config.log.level });
  for (const warning of warnings) log.warn({ event: "configuration.warning" }, warning.message);
  const { dataDir } = config;
  if (isAlone) {
    const [{ serve }, { alone }] = await Promise.all([import("../serve.ts"), import("../serve/alone.ts")]);
    await serve(config, log, signal, alone(config, log)).catch((error) => rethrow(error, dataDir));
  } else {
    const { supervise } = await import("../supervise.ts");
    await supervise(plan, log, signal).catch((error) => rethrow(error, dataDir));
  }
}

/** A port that is taken mostly is so by an imbarco that somebody started before: then that is said first. */
async function rethrow(error: unknown, dataDir: string): Promise<never> {
  const { asCliError } = await import("./error.ts");
  const failure = asCliError(error);
  const other = failure.code === "listen" ? await runningServe(dataDir) : null;
  if (other === null) throw error;
  const who = other.pid === null ? "" : `, as process ${other.pid}`;
  throw new CliError(
    failure.code,
    `another imbarco serves over ${dataDir} already${who}: this one ${failure.message}`,
    {
      hint: "Leave that one running, or stop it before another one is started.",
      cause: error,
    },
  );
}
