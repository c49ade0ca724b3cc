import { asFailure, causeChain } from "../../model/failure.ts";
import type { FolderName } from "../../model/ledger.ts";
import { diffListing } from "../changes/diff.ts";
import { maybeMoved } from "../changes/moves.ts";
import { folderTroubleOf, type Pass } from "../pass.ts";
import { listRange } from "../recovery/reconcile.ts";
import { FolderSender } from "../sending/send.ts";
import { FolderPair } from "./folder-pair.ts";
import type { Lane } from "./lane.ts";

/**
 * Copies what has arrived in INBOX since the pass has opened it, over a lane of its own, while the others go on: a first copy may last for hours, and who is
 * logged in waits for today's mail. What does not work now is done by the next pass.
 * @throws whatever ends the pass
 */
export async function copyNews(pass: Pass, inbox: FolderName): Promise<void> {
  try {
    await pass.inboxBorder.copyAbove(async (from) => {
      const lane = await pass.openLane("follow");
      if (lane === null) return from;
      try {
        return await copyAbove(pass, lane, inbox, from);
      } finally {
        pass.dismiss(lane);
      }
    });
  } catch (error) {
    const trouble = folderTroubleOf(error) ?? asFailure(error);
    if (trouble.kind === "internal" || trouble.kind === "lease-lost") throw error;
    pass.deps.log.info(
      { event: "copy.folder", ...pass.logFields, causes: causeChain(trouble) },
      "new mail in INBOX has to wait for the end of this pass",
    );
  }
}

async function copyAbove(pass: Pass, lane: Lane, inbox: FolderName, from: number): Promise<number> {
  const validity = pass.ledger.folder(inbox)?.head.sourceUidValidity;
  const folder = await FolderPair.open(pass, lane, inbox, { uidValidity: validity });
  const { uidNext } = folder.opened.source;
  if (uidNext === null || uidNext <= from) return from;
  const listed = await listRange(lane.source, { first: from, last: uidNext - 1 });
  const { fresh } = diffListing(folder.entries, listed);
  // What may have come from a folder that is copied already is looked at by the next pass.
  const moved = new Set(maybeMoved(pass.ledger, fresh));
  const sender = new FolderSender(pass, folder);
  await sender.send(fresh.filter((message) => !moved.has(message)));
  await sender.finish();
  return uidNext;
}
