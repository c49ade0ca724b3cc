import type { MessageMetadata } from "../upstream/imap/fetch-metadata.ts";
import type { FolderPair } from "./folder-pair.ts";
import type { Pass } from "./pass.ts";
import { refusedEntry } from "./record.ts";

/** A message that the target refuses alone and as it is: it is recorded with the target's words. */
export async function refuseMessage(
  pass: Pass,
  folder: FolderPair,
  message: MessageMetadata,
  words: string,
): Promise<void> {
  await pass.ledger.record(folder.source, [refusedEntry(message, words)], null);
}
