import type { Config } from "../config/config.ts";
import type { Log } from "../log/log.ts";
import { causeChain } from "../model/failure.ts";
import type { Store } from "../store/store.ts";
import { openImap } from "../upstream/open.ts";

/** What `/readyz` tells: whether the store answers and the target greets. */
export async function readiness(config: Config, store: Store, log: Log): Promise<Record<string, boolean>> {
  const answers = (work: Promise<unknown>) =>
    work.then(
      () => true,
      (error: unknown) => {
        log.debug({ event: "listener.error", causes: causeChain(error) }, "not ready");
        return false;
      },
    );
  return {
    store: await answers(store.domains.list()),
    target: await answers(
      openImap({ log }, "target", config.target.imap).then((connection) => connection.close()),
    ),
  };
}
