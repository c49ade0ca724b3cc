import type { Log } from "../log/log.ts";
import { startChild } from "./child.ts";
import type { Plan } from "./jobs.ts";
import { endText } from "./member.ts";
import { MESSAGES_VERSION } from "./messages.ts";
import { StartFailure, unexplained } from "./start-failure.ts";

/** How long reading the configuration may take. */
const LIMIT_MS = 60_000;

/**
 * Has a process of the code on disk read the configuration on disk: what both ask for may be unknown to the code that runs here.
 * @throws {StartFailure} when it is faulty
 */
export async function planAnew(
  configuration: string,
  nodeOptions: readonly string[],
  log: Log,
): Promise<Plan> {
  const result = Promise.withResolvers<Plan>();
  const child = startChild({ options: nodeOptions, environment: {} }, log, (message) => {
    if (message.kind === "hello") {
      if (message.version === MESSAGES_VERSION) child.send({ kind: "plan", configuration });
      else result.reject(unexplained("this update needs a restart of the whole service"));
    } else if (message.kind === "planned") result.resolve(message.plan);
    else if (message.kind === "failed") result.reject(new StartFailure(message));
  });
  const timer = setTimeout(
    () => result.reject(unexplained(`the configuration was not read after ${LIMIT_MS / 1000} s`)),
    LIMIT_MS,
  );
  void child.ended.then((end) => result.reject(unexplained(`the new code ended ${endText(end)}`)));
  try {
    return await result.promise;
  } finally {
    clearTimeout(timer);
    child.kill();
  }
}
