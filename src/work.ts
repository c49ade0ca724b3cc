import { loadConfig } from "./config/load.ts";
import { createLog } from "./log/log.ts";
import { planOf } from "./process/jobs.ts";
import { callSupervisor, HANDED_OVER, type SupervisorLine } from "./process/line.ts";
import type { Complaint, Order, Question, ToProcess } from "./process/messages.ts";
import { answerAboutSessions } from "./serve/sessions.ts";
import type { Running, Surroundings } from "./serve/surroundings.ts";

export interface WorkOptions {
  readonly configFile: string;
  /** Aborts on SIGTERM and Ctrl-C. */
  readonly signal: AbortSignal;
  /** What a person would be told of an error. */
  readonly explain: (thrown: unknown) => Complaint;
}

/**
 * What a process does that a supervisor has started: its part of what the configuration names, until it is told to stop, or the supervisor is no
 * more. Why it could not begin is told to the supervisor. Never rejects.
 */
export async function work({ configFile, signal, explain }: WorkOptions): Promise<void> {
  // Meant for the supervisor, and a process's end where nobody listens: `systemctl kill` sends it to all.
  process.on("SIGUSR2", () => undefined);
  const line = callSupervisor();
  try {
    const order = await line.order;
    process.title = order.kind === "work" ? `imbarco: ${order.job} ${order.number}` : "imbarco: planner";
    const { config } = await loadConfig(configFile);
    if (order.kind === "plan") {
      await line.sendLast({ kind: "planned", plan: planOf(config) });
      return;
    }
    const log = createLog({ level: config.log.level });
    // Here, so that the supervisor hears of code that cannot even be loaded.
    const { serve } = await import("./serve.ts");
    const around = besideOthers(order, line, () => log.level);
    await serve(config, log, AbortSignal.any([signal, line.stopped]), around);
  } catch (error) {
    if (!line.stopped.aborted) await line.sendLast({ kind: "failed", ...explain(error) });
  }
}

/** The surroundings of one process among several. */
function besideOthers(
  { job, proxies }: Extract<Order, { kind: "work" }>,
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
