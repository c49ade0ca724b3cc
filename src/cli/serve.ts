import { Command } from "commander";
import { loadConfig } from "../config/load.ts";
import { createLog } from "../log/log.ts";
import { serve } from "../serve.ts";
import type { Runner } from "./program.ts";

/** `imbarco serve`: everything that the configuration names, until SIGTERM or Ctrl-C. */
export function serveCommand(run: Runner): Command {
  return new Command("serve").action(
    run(async (context) => {
      const { config, warnings } = await loadConfig(context.configFile);
      const log = createLog({ level: config.log.level });
      for (const warning of warnings) log.warn({ event: "configuration.warning" }, warning.message);
      await serve(config, log, context.signal);
    }),
  );
}
