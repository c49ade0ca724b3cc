import type { Clock } from "../kit/clock.ts";
import type { Log } from "../log/log.ts";
import type { Endpoint } from "../model/endpoint.ts";
import type { Failure } from "../model/failure.ts";
import type { TargetLogin } from "../model/target-login.ts";
import type { Queue } from "../queue/queue.ts";
import type { Store } from "../store/store.ts";
import type { Vault } from "../vault/vault.ts";

/** What an administrator sets for the copier. */
export interface CopySettings {
  /** Accounts of one source host that are copied at the same time. */
  readonly connectionsPerSource: number;
  /** Octets; larger messages are recorded as refused. `null` = no limit but the target's. */
  readonly maxMessageSize: number | null;
  /** From the end of one pass to the next. */
  readonly syncIntervalMs: number;
}

/** What the copier works with. */
export interface CopyDeps {
  readonly store: Store;
  readonly queue: Queue;
  readonly vault: Vault;
  /** The new server, and how to log in there: the configuration's `target`. */
  readonly target: { readonly imap: Endpoint; readonly login: TargetLogin };
  /** The configuration's `copy`. */
  readonly copy: CopySettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Who leases jobs here: see `workerOwner`. */
  readonly owner: string;
  /** Called after each batch that is recorded: a test looks in, a display is drawn. */
  readonly onBatch?: () => void;
}

/** How a turn at one account ended. */
export type JobOutcome =
  | {
      /** A whole pass: all that the source holds is on the target or in the list of refused messages. */
      readonly kind: "done";
      /** Messages copied in this pass. */
      readonly copied: number;
      /** Messages of the account that the target does not take, in all passes so far. */
      readonly refused: number;
    }
  | { readonly kind: "failed"; readonly failure: Failure }
  /** Asked to stop, or the account is not to be copied (now). */
  | { readonly kind: "stopped" };
