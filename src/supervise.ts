import type { Log } from "./log/log.ts";
import { openControl } from "./process/control.ts";
import type { Plan } from "./process/jobs.ts";
import { counts, Supervisor } from "./process/supervisor.ts";
import { WATCHING, type Watching } from "./process/watch.ts";

/**
 * Runs a plan in several processes until `signal` aborts, then drains all of them. SIGHUP has them read the configuration again, SIGUSR2 puts new
 * ones in their place.
 * @param watching how soon a process that hangs is replaced
 * @throws {StartFailure} when one of them cannot start; nothing is left running then
 */
export async function supervise(
  plan: Plan,
  log: Log,
  signal: AbortSignal,
  watching: Watching = WATCHING,
): Promise<void> {
  let control = controlOf(plan, log, () => supervisor);
  const onPlan = (next: Plan) => {
    if (next.dataDir === control.dataDir) return;
    const former = control;
    control = controlOf(next, log, () => supervisor);
    void former.close();
  };
  const supervisor = new Supervisor({ log, nodeOptions: process.execArgv, watching, onPlan }, plan);
  const onSignal = {
    SIGHUP: () => supervisor.reload(),
    SIGUSR2: () => supervisor.renew(),
    // A second SIGTERM ends this process at once: the others have no reason to stay then.
    exit: () => {
      if (signal.aborted) supervisor.kill();
    },
  };
  process.on("SIGHUP", onSignal.SIGHUP);
  process.on("SIGUSR2", onSignal.SIGUSR2);
  process.on("exit", onSignal.exit);
  const onAbort = () => void supervisor.stop();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await supervisor.start().catch((error: unknown) => {
      // Told to stop before everything ran: that is no failure.
      if (!signal.aborted) throw error;
    });
    log.info(
      { event: "serve.ready", ...counts(plan), configuration: plan.configuration },
      "imbarco is ready",
    );
    await aborted(signal);
    // The listener above has begun the drain; this waits for its end.
    log.info({ event: "serve.drain", drainMs: plan.drainMs }, "told to stop: no new connections from now on");
    await supervisor.stop();
  } finally {
    await control.close();
    process.off("SIGHUP", onSignal.SIGHUP);
    process.off("SIGUSR2", onSignal.SIGUSR2);
    process.off("exit", onSignal.exit);
  }
  log.info({ event: "serve.stop" }, "imbarco has stopped");
}

interface Control {
  readonly dataDir: string;
  close(): Promise<void>;
}

function controlOf({ dataDir, proxies }: Plan, log: Log, supervisor: () => Supervisor): Control {
  if (proxies === 0) return { dataDir, close: async () => undefined };
  const opened = openControl(dataDir, log, (question, onSessions) => supervisor().ask(question, onSessions));
  return { dataDir, close: async () => (await opened)() };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
