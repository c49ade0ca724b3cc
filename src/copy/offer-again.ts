import type { MessageMetadata } from "../upstream/imap/fetch-metadata.ts";
import { localEnd } from "../upstream/left-behind.ts";
import { storableFlags } from "./diff.ts";
import type { FolderPair } from "./folder-pair.ts";
import { climbLadder, type LadderResult, ladderEntry } from "./ladder.ts";
import type { Pass } from "./pass.ts";
import { ladderIntentId } from "./recognise-remedied.ts";
import { refusedEntry } from "./record.ts";
import { sizeLimit } from "./size-limit.ts";

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
  const intentId = ladderIntentId(lane.name);
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
    const result = await climbLadder(
      {
        source: lane.source,
        target: lane.target,
        account: pass.account.address,
        sourceFolder: source,
        sourceUidValidity: opened.source.uidValidity,
        targetFolder: target,
        sizeLimit: sizeLimit(pass, lane.target),
        keepHold: () => pass.keepHold(),
      },
      { message, flags: storableFlags(message.flags, opened.target.permanentFlags), words },
    );
    await pass.ledger.record(source, entriesOf(message, result), intentId);
    if (result.kind === "stored") {
      if (result.targetUid !== null) folder.noteStored(result.targetUid);
      pass.noteCopied(source, 1, message.size);
    }
    await pass.batchIsRecorded();
    return obstacleOf(result);
  } finally {
    pass.intentsUnderWay.delete(intentId);
    giveBack();
  }
}

function entriesOf(message: MessageMetadata, result: LadderResult) {
  if (result.kind === "not-given")
    return [refusedEntry(message, `the old server does not hand it out: ${result.words}`)];
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
