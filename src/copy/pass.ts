import { printable } from "../kit/text.ts";
import type { Account } from "../model/account.ts";
import type { Domain } from "../model/domain.ts";
import { Failure } from "../model/failure.ts";
import type { Lease } from "../queue/queue.ts";
import type { ImapConnection } from "../upstream/imap/connection.ts";
import { CommandRefusedError } from "../upstream/imap/refusal.ts";
import { closePair, connectPair, leavePair, type Pair } from "./connect.ts";
import type { CopyDeps } from "./deps.ts";
import { POSTPONED_IN_A_ROW } from "./limits.ts";
import { ProgressMeter } from "./progress.ts";
import type { AccountLedger } from "./record.ts";

/** When a pass must end early. */
export interface JobSignals {
  /** After the present batch. */
  readonly stop: AbortSignal;
  /** At once: another worker may own the account. */
  readonly lost: AbortSignal;
  /** Makes sure that the account is still ours; `lost` aborts where it is not. */
  readonly hold: () => Promise<void>;
}

/** What a pass has done so far. */
export interface PassCounts {
  copied: number;
  bytes: number;
  flagChanges: number;
  /** Batches of an earlier pass or connection that had to be looked for. */
  reconciled: number;
}

/** One pass over one account: the connections, the ledger, and what has been counted. */
export class Pass {
  readonly deps: CopyDeps;
  readonly account: Account;
  readonly domain: Domain;
  readonly lease: Lease;
  readonly ledger: AccountLedger;
  readonly progress: ProgressMeter;
  readonly counts: PassCounts = { copied: 0, bytes: 0, flagChanges: 0, reconciled: 0 };
  /** What kept single folders from being copied whole. The pass goes on and fails at its end. */
  readonly troubles: Failure[] = [];
  readonly #signals: JobSignals;
  readonly #onLost = () => closePair(this.#pair);
  #pair: Pair;
  #postponedInARow = 0;

  constructor(
    at: {
      readonly deps: CopyDeps;
      readonly account: Account;
      readonly domain: Domain;
      readonly lease: Lease;
    },
    ledger: AccountLedger,
    pair: Pair,
    signals: JobSignals,
  ) {
    this.deps = at.deps;
    this.account = at.account;
    this.domain = at.domain;
    this.lease = at.lease;
    this.ledger = ledger;
    this.#pair = pair;
    this.#signals = signals;
    this.progress = new ProgressMeter(at.deps.clock, (progress) =>
      at.deps.store.accounts.setProgress(at.account.address, progress),
    );
    signals.lost.addEventListener("abort", this.#onLost, { once: true });
  }

  /** Read only: EXAMINE and BODY.PEEK, never anything else. */
  get source(): ImapConnection {
    return this.#pair.source;
  }

  get target(): ImapConnection {
    return this.#pair.target;
  }

  /** Sleeping and waiting ends with this one. */
  get lost(): AbortSignal {
    return this.#signals.lost;
  }

  /**
   * To be called between batches.
   * @throws {Failure} `lease-lost` or `shutting-down` when the pass must end here
   */
  checkpoint(): void {
    this.#endIfLost();
    if (this.#signals.stop.aborted)
      throw new Failure(
        "shutting-down",
        `the copy of ${this.account.address} was asked to stop and goes on later`,
      );
  }

  /**
   * To be called before octets are sent: a process that stood still for a while may find that another worker has sent them.
   * @throws {Failure} `lease-lost`
   */
  async keepHold(): Promise<void> {
    await this.#signals.hold();
    this.#endIfLost();
  }

  /** Both connections anew, after one of them broke. What was open on them is open no more. */
  async reconnect(): Promise<void> {
    closePair(this.#pair);
    const { lost, stop } = this.#signals;
    this.#pair = await connectPair(this.deps, this.account, this.domain, AbortSignal.any([lost, stop]));
    this.checkpoint();
  }

  /** Ends the pass: politely where all went well, at once where not. */
  async end(how: "politely" | "at once"): Promise<void> {
    this.#signals.lost.removeEventListener("abort", this.#onLost);
    if (how === "politely") await leavePair(this.#pair);
    closePair(this.#pair);
  }

  /**
   * Messages that the target puts off: they stay out of the ledger, and the pass fails at its end so that a later one tries them again.
   * @throws {Failure} `target-limit` when it puts off one after the other
   */
  postpone(
    folder: { readonly target: string },
    what: { readonly messages: number; readonly words: string },
    someStored: boolean,
  ): void {
    const message = `the target puts messages for the folder "${printable(folder.target)}" of ${this.account.address} off: ${what.words}`;
    this.#postponedInARow = someStored ? what.messages : this.#postponedInARow + what.messages;
    if (this.#postponedInARow >= POSTPONED_IN_A_ROW) throw new Failure("target-limit", message);
    this.troubles.push(new Failure("target-unreachable", message));
  }

  /** After every batch that is recorded. */
  async batchIsRecorded(): Promise<void> {
    await this.progress.show(() => this.ledger.refusedCount());
    this.deps.onBatch?.();
  }

  /** Whether the account has never been copied whole before. */
  get isFirst(): boolean {
    return this.account.syncedAt === null;
  }

  #endIfLost(): void {
    if (this.#signals.lost.aborted)
      throw new Failure("lease-lost", `another worker may have begun to copy ${this.account.address}`);
  }

  /** What every log line of this pass has. */
  get logFields() {
    return { account: this.account.address, domain: this.account.domain, job: this.lease.token };
  }
}

/** One folder cannot be copied (whole) in this pass; the others can. */
export class FolderTroubleError extends Error {
  override readonly name = "FolderTroubleError";
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message, { cause: failure });
    this.failure = failure;
  }
}

/** What an error means that concerns one folder only; `null` where it ends the pass. */
export function folderTroubleOf(error: unknown): Failure | null {
  if (error instanceof FolderTroubleError) return error.failure;
  // A listing that the server does not give whole: its own words are in the message.
  if (error instanceof CommandRefusedError)
    return new Failure("source-protocol", error.message, { cause: error });
  return null;
}
