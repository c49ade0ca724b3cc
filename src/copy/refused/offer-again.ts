import type { LedgerEntry } from "../../model/ledger.ts";
import type { MessageMetadata } from "../../upstream/imap/commands/fetch-metadata.ts";
import { noop } from "../../upstream/imap/commands/noop.ts";
import { localEnd } from "../../upstream/left-behind.ts";
import { storableFlags } from "../changes/diff.ts";
import type { FolderPair } from "../lanes/folder-pair.ts";
import type { Pass } from "../pass.ts";
import { refusedEntry } from "../record.ts";
import { findArrivals, listByUid, listUnexplained } from "../recovery/reconcile.ts";
import { sizeLimit } from "../sending/size-limit.ts";
import { climbLadder, type LadderPlace, type LadderResult, ladderEntry } from "./ladder.ts";
import { ladderIntentId, recogniseRemedied } from "./recognise-remedied.ts";

/** What keeps messages from being stored though nothing is wrong with them, in the server's words. */
export interface Obstacle {
  readonly overQuota: string | null;
  readonly folderGone: string | null;
  readonly postponed: { readonly messages: number; readonly words: string } | null;
}

/**
 * Offers a message that the target refuses as it is in other forms, and records what becomes of it: stored, or in quarantine with the target's words. Nothing
 * else may be on its way over the folder's lane.
 * @throws {Failure} when a connection breaks: the intent tells what to look for
 */
export async function offerAgain(
  pass: Pass,
  folder: FolderPair,
  message: MessageMetadata,
  words: string,
): Promise<Obstacle> {
  const { lane, source, target, opened } = folder;
  const intentId = ladderIntentId(pass.intentId(lane));
  const giveBack = await pass.locks.send(target);
  pass.intentsUnderWay.add(intentId);
  try {
    await pass.ledger.intend({
      id: intentId,
      source,
      sourceUidValidity: opened.source.uidValidity,
      target,
      targetUidValidity: opened.target.uidValidity,
      targetUidNext: folder.nextTargetUid,
      sourceUids: [message.uid],
      at: new Date(pass.deps.clock.now()).toISOString(),
      via: localEnd(lane.target),
    });
    const flags = storableFlags(message.flags, opened.target.permanentFlags);
    const result = await climbLadder(placeOf(pass, folder), { message, flags, words });
    const settled = await withTargetUid(pass, folder, message, result);
    // A server with trouble of its own may have stored it nevertheless: what arrived is looked for before it is sent again.
    const isDoubtful = settled.kind === "later" || settled.kind === "no-folder";
    const entries = await entriesOf(folder, message, settled);
    await pass.ledger.record(source, entries, isDoubtful ? null : intentId);
    if (settled.kind === "stored") {
      if (settled.targetUid !== null) folder.noteStored(settled.targetUid);
      pass.noteCopied(source, 1, message.size);
    }
    await pass.batchIsRecorded();
    return obstacleOf(result);
  } finally {
    pass.intentsUnderWay.delete(intentId);
    giveBack();
  }
}

function placeOf(pass: Pass, folder: FolderPair): LadderPlace {
  const { lane, source, target, opened } = folder;
  return {
    source: lane.source,
    target: lane.target,
    account: pass.account.address,
    sourceFolder: source,
    sourceUidValidity: opened.source.uidValidity,
    targetFolder: target,
    sizeLimit: sizeLimit(pass, lane.target),
    keepHold: () => pass.keepHold(),
  };
}

/** A target without UIDPLUS (RFC 4315) does not say which UID a message got: it is looked up. One in a folder made anew meanwhile means nothing. */
async function withTargetUid(
  pass: Pass,
  folder: FolderPair,
  message: MessageMetadata,
  result: LadderResult,
): Promise<LadderResult> {
  if (result.kind !== "stored") return result;
  const { uidValidity } = folder.opened.target;
  if (result.targetUid !== null)
    return result.uidValidity === uidValidity ? result : { ...result, targetUid: null };
  await noop(folder.lane.target);
  if (result.remedy === null) {
    const arrived = await findArrivals(pass, folder, [message], folder.nextTargetUid);
    return { ...result, targetUid: arrived.get(message.uid)?.uid ?? null };
  }
  const found = await listUnexplained(pass, folder, folder.nextTargetUid);
  const remedied = await recogniseRemedied(placeOf(pass, folder), [message], [...found.values()]);
  return { ...result, targetUid: remedied.get(message.uid)?.arrived.uid ?? null };
}

async function entriesOf(
  folder: FolderPair,
  message: MessageMetadata,
  result: LadderResult,
): Promise<LedgerEntry[]> {
  if (result.kind === "not-given") {
    // Deleted at the source meanwhile, or unreadable there.
    const listed = await listByUid(folder.lane.source, [message.uid], { messageId: false });
    return listed.map((one) => refusedEntry(one, `the old server does not hand it out: ${result.words}`));
  }
  const entry = ladderEntry(message, result);
  return entry === null ? [] : [entry];
}

function obstacleOf(result: LadderResult): Obstacle {
  return {
    overQuota: result.kind === "over-quota" ? result.words : null,
    folderGone: result.kind === "no-folder" ? result.words : null,
    postponed: result.kind === "later" ? { messages: 1, words: result.words } : null,
  };
}
