import type { Config } from "../config/config.ts";
import type { Log } from "../log/log.ts";
import { openControl } from "../process/control.ts";
import { answerAboutSessions } from "./sessions.ts";
import type { Surroundings } from "./surroundings.ts";

/** The surroundings of a process that does everything itself. */
export function alone(config: Config, log: Log): Surroundings {
  return {
    roles: config.roles,
    proxies: 1,
    copier: null,
    others: () => ({}),
    level: "info",
    isHandedOver: () => false,
    onReady: async ({ registry }) => {
      const onRenewal = () =>
        log.warn(
          { event: "serve.renew" },
          "one process alone cannot be renewed without an interruption: restart the service, or set processes to auto",
        );
      process.on("SIGUSR2", onRenewal);
      // Where nobody logs in there are no sessions to tell of, and perhaps another process of this machine that has them.
      const closeControl = config.roles.includes("proxy")
        ? await openControl(config.dataDir, log, async (question, onSessions) => {
            answerAboutSessions(registry, question, onSessions);
            return 0;
          })
        : async () => undefined;
      return async () => {
        process.off("SIGUSR2", onRenewal);
        await closeControl();
      };
    },
  };
}
