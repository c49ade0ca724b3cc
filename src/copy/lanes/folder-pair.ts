import { invariant } from "../../kit/invariant.ts";
import { printable } from "../../kit/text.ts";
import { Failure } from "../../model/failure.ts";
import type { FolderName, LedgerEntry, LedgerIntent } from "../../model/ledger.ts";
import type { MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import { type OpenedFolder, openFolder } from "../../upstream/imap/commands/select.ts";
import { CommandRefusedError } from "../../upstream/imap/refusal.ts";
import type { Side } from "../../upstream/side.ts";
import { FolderTroubleError, type Pass } from "../pass.ts";
import { withoutTargetUids } from "../record.ts";
import { afterBreak, afterDeath } from "../recovery/quiet.ts";
import { listRange, reconcileIntents } from "../recovery/reconcile.ts";
import { recogniseAgain } from "../recovery/rematch.ts";
import type { Lane } from "./lane.ts";

interface Opened {
  readonly source: OpenedFolder;
  readonly target: OpenedFolder;
}

/**
 * A source folder, opened read only, and its target folder, selected: a server stores faster into the folder it has open. The ledger is in step with
 * both when this exists: changed UIDVALIDITYs are dealt with and unfinished waves looked for.
 */
export class FolderPair {
  readonly source: FolderName;
  readonly target: FolderName;
  readonly lane: Lane;
  readonly #pass: Pass;
  #opened: Opened;
  #nextTargetUid: number;
  #listing: Promise<MessageMetadata[] | null> | null = null;

  private constructor(pass: Pass, lane: Lane, source: FolderName, opened: Opened) {
    this.#pass = pass;
    this.lane = lane;
    this.source = source;
    this.target = recordOf(pass, source).head.target;
    this.#opened = opened;
    this.#nextTargetUid = this.#lowestNextUid();
  }

  /**
   * Opens a folder that the ledger has a head of, on the connections of `lane`.
   * @param options `listFrom` asks in the same round trip for the listing of all messages from this UID on, of which there must be few; `uidValidity` is what
   * the source must say
   * @throws {FolderTroubleError} when one of the servers does not open it, or it is another folder by now
   */
  static async open(
    pass: Pass,
    lane: Lane,
    source: FolderName,
    options: { readonly listFrom?: number | null; readonly uidValidity?: number | undefined } = {},
  ): Promise<FolderPair> {
    return await withoutOthers(pass, source, async (intents) => {
      await afterDeath(pass, intents, lane.target);
      const opening = openBoth(pass, lane, source);
      const { listFrom = null } = options;
      const listing = listFrom === null ? null : listAtOnce(lane, listFrom);
      const pair = new FolderPair(pass, lane, source, await opening);
      pair.#listing = listing;
      lane.present = pair;
      pair.#mustBe(options.uidValidity ?? pair.#opened.source.uidValidity);
      await pair.#bringLedgerInStep(intents);
      return pair;
    });
  }

  /** Asks for the listing of all messages from this UID on, of which there must be few, for `takeListing`. */
  list(first: number): void {
    this.#listing = listAtOnce(this.lane, first);
  }

  /** The listing that was asked for; given once, and not after a break. It holds `null` where it did not come whole. */
  takeListing(): Promise<MessageMetadata[] | null> | null {
    const listing = this.#listing;
    this.#listing = null;
    return listing;
  }

  /** Whether `takeListing` has something to give. */
  get isListed(): boolean {
    return this.#listing !== null;
  }

  get opened(): Opened {
    return this.#opened;
  }

  /** By source UID. */
  get entries(): ReadonlyMap<number, LedgerEntry> {
    return recordOf(this.#pass, this.source).entries;
  }

  /** Whether the ledger says what has become of a message, and that is not to be tried again. */
  knows(sourceUid: number): boolean {
    const entry = this.entries.get(sourceUid);
    return entry !== undefined && entry.tryAgain === undefined;
  }

  /** What is stored from now on has this UID or a higher one. */
  get nextTargetUid(): number {
    return this.#nextTargetUid;
  }

  noteStored(targetUid: number): void {
    this.#nextTargetUid = Math.max(this.#nextTargetUid, targetUid + 1);
  }

  /** Whether it is what the lane's connections have open. */
  get isOpen(): boolean {
    return this.lane.present === this;
  }

  /** Opens both sides again where the lane has opened another folder since. */
  async beOpen(): Promise<void> {
    if (!this.isOpen) await this.reopen();
  }

  /**
   * Opens both sides again after `lane.reconnect()`, and looks for what the broken connection has left.
   * @throws {FolderTroubleError} as `open`, and where the source has given its messages new UIDs since: those that the caller has mean others now
   */
  async reopen(): Promise<void> {
    await withoutOthers(this.#pass, this.source, async (intents) => {
      await afterBreak(this.#pass, intents, this.lane.target);
      const known = this.#opened.source.uidValidity;
      const opened = await openBoth(this.#pass, this.lane, this.source);
      this.#mustBe(known, opened);
      this.#opened = opened;
      // It knows nothing of what has come since.
      this.#listing = null;
      this.#nextTargetUid = this.#lowestNextUid();
      this.lane.present = this;
      await this.#bringLedgerInStep(intents);
    });
  }

  /** Nothing is recorded of a folder that is another one now: the next pass matches it first. */
  #mustBe(uidValidity: number, opened: Opened = this.#opened): void {
    if (opened.source.uidValidity === uidValidity) return;
    throw new FolderTroubleError(
      new Failure(
        "source-protocol",
        `the old server has numbered the messages of "${printable(this.source)}" of ${this.#pass.account.address} anew in the middle of the copy: the next pass matches them and goes on`,
      ),
    );
  }

  async #bringLedgerInStep(intents: readonly LedgerIntent[]): Promise<void> {
    const pass = this.#pass;
    const { source, target } = this.#opened;
    const { head, entries } = recordOf(pass, this.source);
    if (head.targetUidValidity !== null && head.targetUidValidity !== target.uidValidity && entries.size > 0)
      await pass.ledger.replaceEntries(this.source, withoutTargetUids(entries.values()));
    if (head.sourceUidValidity !== source.uidValidity && entries.size > 0) await recogniseAgain(pass, this);
    if (head.targetUidValidity !== target.uidValidity || head.sourceUidValidity !== source.uidValidity) {
      await pass.ledger.putHead({
        ...head,
        sourceUidValidity: source.uidValidity,
        sourceUidNext: null,
        sourceMessages: null,
        sourceHighestModSeq: null,
        targetUidValidity: target.uidValidity,
      });
    }
    await reconcileIntents(pass, this, intents);
  }

  /** The server's UIDNEXT; servers from before RFC 3501 may not say it, but give no UID below one that they have given. */
  #lowestNextUid(): number {
    const { uidNext } = this.#opened.target;
    if (uidNext !== null) return uidNext;
    let highest = 0;
    for (const uid of this.#pass.ledger.targetUidsIn(this.target)) highest = Math.max(highest, uid);
    return highest + 1;
  }
}

/** Behind the EXAMINE of a folder, without waiting for its answer. What does not come whole is asked for again, and heard of then. */
async function listAtOnce(lane: Lane, first: number): Promise<MessageMetadata[] | null> {
  try {
    return await listRange(lane.source, { first, last: "*" });
  } catch {
    return null;
  }
}

/** Does `work` with what an earlier process, pass or connection has left of this folder; alone with the target folder where there is any. */
async function withoutOthers<T>(
  pass: Pass,
  source: FolderName,
  work: (intents: readonly LedgerIntent[]) => Promise<T>,
): Promise<T> {
  const left = () => pass.ledger.intentsOf(source).filter(({ id }) => !pass.intentsUnderWay.has(id));
  if (left().length === 0) return await work([]);
  return await pass.locks.look(recordOf(pass, source).head.target, () => work(left()));
}

function recordOf(pass: Pass, source: FolderName) {
  const record = pass.ledger.folder(source);
  invariant(record !== undefined, "a folder has a head in the ledger before it is opened");
  return record;
}

async function openBoth(pass: Pass, lane: Lane, source: FolderName): Promise<Opened> {
  // From now on commands meet another folder, or none.
  lane.present = null;
  const [opened, selected] = await Promise.all([
    openOne(pass, lane, "source", source),
    openOne(pass, lane, "target", recordOf(pass, source).head.target),
  ]);
  return { source: opened, target: selected };
}

async function openOne(pass: Pass, lane: Lane, side: Side, name: FolderName): Promise<OpenedFolder> {
  try {
    return side === "source"
      ? await openFolder(lane.source, name, "examine")
      : await openFolder(lane.target, name, "select");
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
    const server = side === "source" ? "the old server" : "the target";
    throw new FolderTroubleError(
      new Failure(
        `${side}-protocol`,
        `${server} does not open the folder "${printable(name)}" of ${pass.account.address}: ${printable(error.text)}`,
        { cause: error },
      ),
    );
  }
}
