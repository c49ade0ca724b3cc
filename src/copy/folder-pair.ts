import { invariant } from "../kit/invariant.ts";
import { printable } from "../kit/text.ts";
import { Failure } from "../model/failure.ts";
import type { FolderName, LedgerEntry } from "../model/ledger.ts";
import { CommandRefusedError } from "../upstream/imap/refusal.ts";
import { type OpenedFolder, openFolder } from "../upstream/imap/select.ts";
import type { Side } from "../upstream/side.ts";
import { QUIET_AFTER_DEATH_MS, QUIET_MS } from "./limits.ts";
import { FolderTroubleError, type Pass } from "./pass.ts";
import { reconcileIntents, waitUntilQuiet } from "./reconcile.ts";
import { withoutTargetUids } from "./record.ts";
import { recogniseAgain } from "./rematch.ts";

/**
 * A source folder, opened read only, and its target folder, selected: a server stores faster into the folder it has open. The ledger is in step with
 * both when this exists: changed UIDVALIDITYs are dealt with and unfinished batches looked for.
 */
export class FolderPair {
  readonly source: FolderName;
  readonly #pass: Pass;
  #opened: { source: OpenedFolder; target: OpenedFolder; targetName: FolderName };
  /** What is stored from now on has this UID or a higher one. */
  nextTargetUid: number;

  private constructor(pass: Pass, source: FolderName, opened: FolderPair["opened"]) {
    this.#pass = pass;
    this.source = source;
    this.#opened = opened;
    this.nextTargetUid = lowestNextUid(pass, opened);
  }

  /**
   * Opens a folder that the ledger has a head of.
   * @throws {FolderTroubleError} when one of the servers does not open it
   */
  static async open(pass: Pass, source: FolderName): Promise<FolderPair> {
    const pair = new FolderPair(pass, source, await openBoth(pass, source, QUIET_AFTER_DEATH_MS));
    await pair.#bringLedgerInStep();
    return pair;
  }

  get opened(): { source: OpenedFolder; target: OpenedFolder; targetName: FolderName } {
    return this.#opened;
  }

  get target(): FolderName {
    return this.#opened.targetName;
  }

  get entries(): ReadonlyMap<number, LedgerEntry> {
    return recordOf(this.#pass, this.source).entries;
  }

  /** Opens both sides again after `pass.reconnect()`, and looks for the batch that the broken connection has left. */
  async reopen(): Promise<void> {
    this.#opened = await openBoth(this.#pass, this.source, QUIET_MS);
    this.nextTargetUid = lowestNextUid(this.#pass, this.#opened);
    await this.#bringLedgerInStep();
  }

  async #bringLedgerInStep(): Promise<void> {
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
    await reconcileIntents(pass, this);
  }
}

function recordOf(pass: Pass, source: FolderName) {
  const record = pass.ledger.folder(source);
  invariant(record !== undefined, "a folder has a head in the ledger before it is opened");
  return record;
}

async function openBoth(pass: Pass, source: FolderName, quietMs: number) {
  const targetName = recordOf(pass, source).head.target;
  for (const intent of pass.ledger.intentsOf(source)) await waitUntilQuiet(pass, intent.target, quietMs);
  const [opened, selected] = await Promise.all([
    openOne(pass, "source", source),
    openOne(pass, "target", targetName),
  ]);
  return { source: opened, target: selected, targetName };
}

async function openOne(pass: Pass, side: Side, name: FolderName): Promise<OpenedFolder> {
  try {
    return side === "source"
      ? await openFolder(pass.source, name, "examine")
      : await openFolder(pass.target, name, "select");
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

/** The server's UIDNEXT; servers from before RFC 3501 may not say it, but give no UID below one that they have given. */
function lowestNextUid(pass: Pass, opened: { target: OpenedFolder; targetName: FolderName }): number {
  if (opened.target.uidNext !== null) return opened.target.uidNext;
  let highest = 0;
  for (const uid of pass.ledger.targetUidsIn(opened.targetName)) highest = Math.max(highest, uid);
  return highest + 1;
}
