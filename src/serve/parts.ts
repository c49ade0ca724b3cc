import type { Config } from "../config/config.ts";
import type { Clock } from "../kit/clock.ts";
import type { Log } from "../log/log.ts";
import type { Queue } from "../queue/queue.ts";
import type { Store } from "../store/store.ts";
import type { Vault } from "../vault/vault.ts";
import type { Live } from "./reload.ts";

/** What everything in a process stands on, opened once. */
export interface Parts {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  readonly store: Store;
  readonly queue: Queue;
  readonly vault: Vault;
  readonly target: Config["target"];
  /** By which imbarcos tell themselves apart. */
  readonly instance: string;
  readonly live: Live;
}
