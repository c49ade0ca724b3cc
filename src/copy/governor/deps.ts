import type { Clock } from "../../kit/clock.ts";
import type { Log } from "../../log/log.ts";
import type { NightProfile } from "../../model/night.ts";
import type { Store } from "../../store/store.ts";

/** The limits of the copier: what a configuration that is read again may change. */
export interface GovernorLimits {
  readonly connectionsPerSource: number;
  readonly pairsPerAccount: number;
  readonly bytesPerSecond: number | null;
  readonly night: NightProfile | null;
}

/** What the governor works with. */
export interface GovernorDeps {
  readonly store: Pick<Store, "budgets">;
  readonly clock: Clock;
  readonly log: Log;
  /** Who holds permits here: see `workerOwner`. */
  readonly owner: string;
}
