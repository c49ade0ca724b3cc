/** `serve --config FILE` as the program runs it in several processes, but quick to replace one that hangs. To be run. */
import { loadConfig } from "../../src/config/load.ts";
import { createLog } from "../../src/log/log.ts";
import { planOf } from "../../src/process/jobs.ts";
import { isSupervised } from "../../src/process/line.ts";
import { supervise } from "../../src/supervise.ts";

/** Long enough for a process that has just begun on a busy machine. */
const WATCHING = { askMs: 500, silenceLimitMs: 5_000 };

// The processes that the supervisor starts run this file too.
if (isSupervised()) await import("../../src/main.ts");
else {
  const told = new AbortController();
  process.once("SIGTERM", () => told.abort());
  const { config, written } = await loadConfig(process.argv.at(-1) ?? "");
  await supervise(planOf(config, written), createLog({ level: config.log.level }), told.signal, WATCHING);
  process.exit(0);
}
