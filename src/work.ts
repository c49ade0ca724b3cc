import { rebuildConfig } from "./config/build.ts";
import type { Config } from "./config/config.ts";
import { ConfigError } from "./config/problem.ts";
import type { WrittenConfig } from "./config/schema.ts";
import { createLog } from "./log/log.ts";
import { causeChain } from "./model/failure.ts";
import { planOf } from "./process/jobs.ts";
import { callSupervisor, HANDED_OVER, type SupervisorLine } from "./process/line.ts";
import type { Complaint, Question, ToProcess, WorkOrder } from "./process/messages.ts";
import { answerAboutSessions } from "./serve/sessions.ts";
import type { Running, Surroundings } from "./serve/surroundings.ts";

export interface WorkOptions {
  /** Aborts on SIGTERM and Ctrl-C. */
  readonly signal: AbortSignal;
  /** What a person would be told of an error. */
  readonly explain: (thrown: unknown) => Complaint;
}

/**
 * What a process does that a supervisor has started: its part of what the configuration names, until it is told to stop, or the supervisor is no
 * more. Why it could not begin is told to the supervisor. Never rejects.
 */
export async function work({ signal, explain }: WorkOptions): Promise<void> {
  // Meant for the supervisor, and a process's end where nobody listens: `systemctl kill` sends them to all.
  for (const signal of ["SIGUSR2", "SIGHUP"]) process.on(signal, () => undefined);
  const line = callSupervisor();
  try {
    const order = await line.order;
    process.title = order.kind === "work" ? `imbarco: ${order.job} ${order.number}` : "imbarco: planner";
    if (order.kind === "plan") {
      // What checks a configuration is large, and a process at work has no use for it.
      const { loadConfig } = await import("./config/load.ts");
      const { config, written } = await loadConfig(order.configuration);
      await line.sendLast({ kind: "planned", plan: planOf(config, written) });
      return;
    }
    const config = await configOf(order);
    const log = createLog({ level: config.log.level });
    // Here, so that the supervisor hears of code that cannot even be loaded.
    const { serve } = await import("./serve.ts");
    const around = besideOthers(order, line, () => log.level);
    await serve(config, log, AbortSignal.any([signal, line.stopped]), around);
  } catch (error) {
    if (!line.stopped.aborted) await line.sendLast({ kind: "failed", ...explain(error) });
  }
}

/** What counts now. One that has been made faulty since it was last checked does not keep a process from being replaced. */
async function configOf({ configuration, written, isFresh }: WorkOrder): Promise<Config> {
  const checked = () => rebuildConfig(configuration, written as WrittenConfig);
  if (isFresh) return checked();
  const { loadConfig } = await import("./config/load.ts");
  try {
    return (await loadConfig(configuration)).config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const config = await checked();
    createLog({ level: config.log.level }).error(
      { event: "serve.reload", causes: causeChain(error) },
      "the configuration could not be read again; this process begins with that of the last start. imbarco check says what is wrong",
    );
    return config;
  }
}

/** The surroundings of one process among several. */
function besideOthers(
  { job, proxies }: WorkOrder,
  line: SupervisorLine,
  logLevel: () => string,
): Surroundings {
  let ready: Readonly<Record<string, boolean>> = {};
  return {
    roles: [job],
    proxies,
    copier: {
      wake: () => line.send({ kind: "wake" }),
      follow: (account) => line.send({ kind: "opened", account }),
      unfollow: (account) => line.send({ kind: "closed", account }),
    },
    others: () => ready,
    level: "debug",
    isHandedOver: () => line.stopped.reason === HANDED_OVER,
    onReady: async (running) => {
      line.hear((message) => {
        if (message.kind === "crew") ready = message.ready;
        else obey(running, line, logLevel, message);
      });
      line.send({ kind: "ready" });
      return async () => undefined;
    },
  };
}

function obey(running: Running, line: SupervisorLine, logLevel: () => string, message: ToProcess): void {
  const { copier, registry } = running;
  switch (message.kind) {
    case "wake":
      copier?.wake();
      return;
    case "opened":
      for (const [account, sessions] of message.accounts)
        for (let count = 0; count < sessions; count += 1) copier?.follow(account);
      return;
    case "closed":
      for (const [account, sessions] of message.accounts)
        for (let count = 0; count < sessions; count += 1) copier?.unfollow(account);
      return;
    case "reload":
      void running.reread().then(() => line.send({ kind: "reloaded", logLevel: logLevel() }));
      return;
    case "ask":
      tell(registry, line, message.id, message.question);
      return;
    default:
  }
}

function tell(registry: Running["registry"], line: SupervisorLine, id: number, question: Question): void {
  answerAboutSessions(registry, question, (sessions) =>
    line.send({ kind: "answer", id, sessions, last: false }),
  );
  line.send({ kind: "answer", id, sessions: [], last: true });
}
