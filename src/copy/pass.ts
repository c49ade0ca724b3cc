import { printable } from "../kit/text.ts";
import type { Account } from "../model/account.ts";
import type { Domain } from "../model/domain.ts";
import { Failure } from "../model/failure.ts";
import type { Lease } from "../queue/queue.ts";
import type { ImapConnection } from "../upstream/imap/connection/connection.ts";
import { CommandRefusedError } from "../upstream/imap/refusal.ts";
import { closePair, connectPair, type Pair } from "./connect.ts";
import type { CopyDeps } from "./deps.ts";
import { InboxBorder } from "./following/inbox-news.ts";
import type { Permit } from "./governor/governor.ts";
import { Background } from "./lanes/background.ts";
import { Lane } from "./lanes/lane.ts";
import { TargetLocks } from "./lanes/target-locks.ts";
import { POSTPONED_IN_A_ROW } from "./limits.ts";
import { ProgressMeter } from "./progress.ts";
import type { AccountLedger } from "./record.ts";

/** When a pass must end early. */
export interface JobSignals {
  /** After the present batch. */
  readonly stop: AbortSignal;
  /** At once: another worker may own the account. */
  readonly lost: AbortSignal;
  /** Whether the account is surely still ours. */
  readonly holds: () => boolean;
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

/** One pass over one account: its lanes, the ledger, and what has been counted. */
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
  readonly locks = new TargetLocks();
  readonly inboxBorder = new InboxBorder();
  /** Intents whose messages are on their way now: not to be looked for. */
  readonly intentsUnderWay = new Set<string>();
  /** The pair that every pass has: lists folders, and copies where there is no other. */
  readonly main: Lane;
  readonly #lanes: Lane[];
  readonly #signals: JobSignals;
  readonly #onLost = () => this.#closeLanes();
  readonly #leaving: Promise<void>[] = [];
  readonly background = new Background((error) => this.endWith(error));
  readonly #copied = new Map<string, number>();
  #namesUids: boolean | null = null;
  #isOver = false;
  #postponedInARow = 0;
  #end: { readonly error: unknown } | null = null;

  constructor(
    at: {
      readonly deps: CopyDeps;
      readonly account: Account;
      readonly domain: Domain;
      readonly lease: Lease;
    },
    ledger: AccountLedger,
    connected: { readonly permit: Permit; readonly pair: Pair },
    signals: JobSignals,
  ) {
    this.deps = at.deps;
    this.account = at.account;
    this.domain = at.domain;
    this.lease = at.lease;
    this.ledger = ledger;
    this.#signals = signals;
    this.main = this.#makeLane("1", connected.permit, connected.pair);
    this.#lanes = [this.main];
    this.progress = new ProgressMeter(at.deps.clock, (progress) =>
      at.deps.store.accounts.setProgress(at.account.address, progress),
    );
    signals.lost.addEventListener("abort", this.#onLost, { once: true });
  }

  /** The main lane's. Read only: EXAMINE and BODY.PEEK, never anything else. */
  get source(): ImapConnection {
    return this.main.source;
  }

  /** The main lane's. */
  get target(): ImapConnection {
    return this.main.target;
  }

  /** Sleeping and waiting ends with this one. */
  get lost(): AbortSignal {
    return this.#signals.lost;
  }

  /** Whether the pass was asked to stop: what is on its way is brought to its end, nothing new begun. */
  get isStopping(): boolean {
    return this.#signals.stop.aborted;
  }

  /**
   * To be called between batches.
   * @throws {Failure} `lease-lost` or `shutting-down` when the pass must end here, or what one of its lanes ended it for
   */
  checkpoint(): void {
    this.#endIfLost();
    this.throwEnd();
    if (this.#signals.stop.aborted)
      throw new Failure(
        "shutting-down",
        `the copy of ${this.account.address} was asked to stop and goes on later`,
      );
  }

  /** Whether the account is surely still ours; where not, `keepHold` finds out. */
  get holds(): boolean {
    return this.#signals.holds();
  }

  /**
   * To be called before octets are sent, unless `holds`: a process that stood still for a while may find that another worker has sent them.
   * @throws {Failure} `lease-lost`
   */
  async keepHold(): Promise<void> {
    await this.#signals.hold();
    this.#endIfLost();
  }

  /** One more pair of connections, of those that an account may copy with or follow INBOX with; `null` where the source has none to spare. @throws {Failure} as connecting the first one does */
  async openLane(kind: "copy" | "follow" = "copy"): Promise<Lane | null> {
    const permit = await this.deps.governor.tryPermit(this.domain.source, this.account.address, kind);
    if (permit === null) return null;
    // Whoever is let in when the pass has ended meanwhile would stay for ever.
    if (this.#isOver) return await permit.release().then(() => null);
    const pair = await this.#connect(permit);
    if (this.#isOver) {
      closePair(pair);
      return await permit.release().then(() => null);
    }
    const lane = this.#makeLane(String(this.#lanes.length + 1), permit, pair);
    this.#lanes.push(lane);
    return lane;
  }

  /** The lane says goodbye; the end of the pass waits for it. */
  dismiss(lane: Lane): void {
    this.#leaving.push(lane.leave());
  }

  /** One lane cannot go on for a reason that concerns them all: the others end too, each after its present batch where it is a stop. The first reason counts. */
  endWith(error: unknown): void {
    this.#end ??= { error };
    if (!this.isStopping) this.#closeLanes();
  }

  /** @throws what `endWith` was given */
  throwEnd(): void {
    if (this.#end !== null) throw this.#end.error;
  }

  /** A name for the next intent of a lane. No other has it, of this pass or an earlier one: an intent is told by its name when it is done. */
  intentId(lane: Lane): string {
    lane.waves += 1;
    return `${this.lease.token}.${lane.name}.${lane.waves}`;
  }

  /** @throws what work in the background failed with */
  async backgroundIsDone(): Promise<void> {
    await this.background.settled();
    this.throwEnd();
    await this.background.catchUp();
  }

  /** Ends the pass: politely where all went well, at once where not. */
  async end(how: "politely" | "at once"): Promise<void> {
    if (this.isStopping) await this.background.settled();
    this.#isOver = true;
    this.progress.end();
    this.#signals.lost.removeEventListener("abort", this.#onLost);
    const lanes = this.#lanes.map((lane) => (how === "politely" ? lane.leave() : lane.end()));
    await Promise.all([...lanes, ...this.#leaving]);
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

  /** Whether the target has said the UIDs of all that it has stored so far (RFC 4315), and has stored something. */
  get namesUids(): boolean {
    return this.#namesUids === true;
  }

  noteUidNamed(isNamed: boolean): void {
    this.#namesUids = isNamed && this.#namesUids !== false;
  }

  /** Messages of one source folder that this pass has copied. */
  copiedIn(source: string): number {
    return this.#copied.get(source) ?? 0;
  }

  noteCopied(source: string, messages: number, octets: number): void {
    this.counts.copied += messages;
    this.counts.bytes += octets;
    this.#copied.set(source, this.copiedIn(source) + messages);
    this.progress.addCopied(source, messages, octets);
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

  /** Ends waits that have nothing to do with a connection. */
  get ending(): AbortSignal {
    return AbortSignal.any([this.#signals.lost, this.#signals.stop]);
  }

  #makeLane(name: string, permit: Permit, pair: Pair): Lane {
    return new Lane(name, permit, pair, async () => {
      const fresh = await this.#connect(permit);
      this.checkpoint();
      return fresh;
    });
  }

  async #connect(permit: Permit): Promise<Pair> {
    const pair = await this.deps.governor.opening(permit, () =>
      connectPair(this.deps, this.account, this.domain, this.ending),
    );
    if (this.#signals.lost.aborted) closePair(pair);
    return pair;
  }

  #closeLanes(): void {
    for (const lane of this.#lanes) lane.close();
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
