import type { Config } from "../config/config.ts";
import { needsRestart } from "../config/reload.ts";
import type { Governor } from "../copy/governor/governor.ts";
import { systemClock } from "../kit/clock.ts";
import type { Log } from "../log/log.ts";
import { causeChain } from "../model/failure.ts";
import type { ThrottlePolicy } from "../model/throttle.ts";
import { openServerTls, type ServerTls } from "../net/server-tls.ts";
import type { Vault } from "../vault/vault.ts";
import type { Stop } from "./surroundings.ts";

/** What can change while the process runs. */
export interface Live {
  /** What the listeners show; the sessions under way never notice that it changes. */
  serverTls: ServerTls | null;
  /** Where this process copies. */
  governor: Governor | null;
  /** How wrong passwords are dealt with. */
  throttle: ThrottlePolicy;
  /** Reads the configuration again; one reading at a time, and the last one counts. Never rejects. */
  reread(): Promise<void>;
  readonly stop: Stop;
}

/** SIGHUP renews the certificate, the log level, the throttles and the limits of the copier. It is heard as long as anything runs, since it would end the process otherwise. */
export function renewOnHangUp(config: Config, log: Log): Live {
  let reading = Promise.resolve();
  const reread = () => {
    // One after the other, so that the last one counts.
    reading = reading.then(() => takeOver(config, log, live));
    return reading;
  };
  const onHangUp = () => void reread();
  const live: Live = {
    serverTls: null,
    governor: null,
    throttle: config.throttle,
    reread,
    stop: async () => {
      process.off("SIGHUP", onHangUp);
      await reading;
    },
  };
  process.on("SIGHUP", onHangUp);
  return live;
}

/** What the listeners show by the configuration; `null` where it names no certificate. */
export function serverTlsOf({ tls }: Config, vault: Vault): ServerTls | null {
  if (tls === null) return null;
  return openServerTls({ ticketSecret: vault.secretFor("session tickets"), clock: systemClock }, tls);
}

/** Reads the configuration again and takes over what can change live; a faulty one changes nothing. */
async function takeOver(running: Config, log: Log, live: Live): Promise<void> {
  try {
    // Loaded only now: what checks a configuration is large, and few processes are ever told to.
    const { loadConfig } = await import("../config/load.ts");
    const { config } = await loadConfig(running.file);
    // Without a certificate the listeners that need one go on with theirs: listeners only change with a restart.
    if (config.tls !== null) live.serverTls?.replace(config.tls);
    log.level = config.log.level;
    live.governor?.setLimits(config.copy);
    live.throttle = config.throttle;
    const restart = needsRestart(running, config);
    log.info(
      { event: "serve.reload", restart },
      restart.length === 0
        ? "the configuration was read again"
        : `the configuration was read again; changes in ${restart.join(", ")} need a restart, or SIGUSR2 where there are several processes`,
    );
  } catch (error) {
    log.error(
      { event: "serve.reload", causes: causeChain(error) },
      "the configuration could not be read again; the present one stays. imbarco check says what is wrong",
    );
  }
}
