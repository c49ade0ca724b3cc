import type { Clock } from "../kit/clock.ts";
import type { Log } from "../log/log.ts";
import type { Endpoint } from "../model/endpoint.ts";
import type { Failure } from "../model/failure.ts";
import type { NightProfile } from "../model/night.ts";
import type { TargetLogin } from "../model/target-login.ts";
import type { Queue } from "../queue/queue.ts";
import type { Store } from "../store/store.ts";
import type { Vault } from "../vault/vault.ts";
import type { InboxNews } from "./following/inbox-news.ts";
import type { Governor } from "./governor/governor.ts";

/** What an administrator sets for the copier. */
export interface CopySettings {
  /** Connections to one source host, over all processes that share the store. */
  readonly connectionsPerSource: number;
  /** Pairs of source and target connection for one account. */
  readonly pairsPerAccount: number;
  /** Octets of message contents from one source host; `null` = no cap. */
  readonly bytesPerSecond: number | null;
  /** Other values of these limits for a part of each day. */
  readonly night: NightProfile | null;
  /** Octets; larger messages are recorded as refused. `null` = no limit but the target's. */
  readonly maxMessageSize: number | null;
  /** From the end of one pass to the next. */
  readonly syncIntervalMs: number;
  /** Which messages of a folder come first. */
  readonly order: "newest-first" | "oldest-first";
  /** COMPRESS=DEFLATE toward a source that offers it. */
  readonly compress: "auto" | "always" | "never";
}

/** What the copier works with. */
export interface CopyDeps {
  /** Names this installation, so that a server that is imbarco itself is known (`instanceOf`). */
  readonly instance?: string | undefined;
  readonly store: Store;
  readonly queue: Queue;
  readonly vault: Vault;
  /** The new server, and how to log in there: the configuration's `target`. */
  readonly target: { readonly imap: Endpoint; readonly login: TargetLogin };
  /** The configuration's `copy`. */
  readonly copy: CopySettings;
  /** Gives leave for each connection to a source. */
  readonly governor: Governor;
  readonly clock: Clock;
  readonly log: Log;
  /** Who leases jobs here: see `workerOwner`. */
  readonly owner: string;
  /** Where a pass hears of new mail while it lasts; none where nobody follows. */
  readonly news?: InboxNews;
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
  | {
      readonly kind: "failed";
      readonly failure: Failure;
      /** Whether messages were copied, or found to have arrived, before that: the next turn need not wait longer and longer. */
      readonly isGettingOn: boolean;
    }
  /** Asked to stop, or the account is not to be copied (now). */
  | { readonly kind: "stopped" };
