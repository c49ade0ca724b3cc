import type { Failure } from "../model/failure.ts";
import type { ImapConnection } from "../upstream/imap/connection.ts";
import type { MessageMetadata } from "../upstream/imap/fetch-metadata.ts";
import { cutBatches, halve } from "./batches.ts";
import { BreakingMessages, brokenConnection } from "./breaking.ts";
import type { FolderPair } from "./folder-pair.ts";
import type { Pass } from "./pass.ts";
import { pipeBatch } from "./pipe.ts";
import { refusedEntry } from "./record.ts";

/**
 * Copies messages that the ledger does not know, in batches, in the given order. One message never stops the others: what a server refuses is
 * recorded with its words, and a message that breaks a connection is found by halving and recorded too.
 * @throws {Failure} when the pass cannot go on
 */
export async function sendFresh(
  pass: Pass,
  folder: FolderPair,
  fresh: readonly MessageMetadata[],
): Promise<void> {
  const limit = sizeLimit(pass);
  const tooLarge = limit === null ? [] : fresh.filter((message) => message.size > limit.octets);
  await pass.ledger.record(
    folder.source,
    tooLarge.map((message) => refusedEntry(message, limit?.words ?? "")),
    null,
  );
  const breaking = new BreakingMessages();
  const todo = cutBatches(limit === null ? fresh : fresh.filter((message) => message.size <= limit.octets));
  for (let batch = todo.shift(); batch; batch = todo.shift()) {
    pass.checkpoint();
    try {
      const unread = await pipeBatch(pass, folder, batch);
      todo.unshift(...unread.map((message) => [message]));
      breaking.noteProgress();
    } catch (error) {
      todo.unshift(...(await afterBreak(pass, folder, batch, brokenConnection(error), breaking)));
    }
  }
}

/** New connections, a look at what arrived, and the rest of the batch in halves; a message that is left alone too often is the cause. */
async function afterBreak(
  pass: Pass,
  folder: FolderPair,
  batch: readonly MessageMetadata[],
  failure: Failure,
  breaking: BreakingMessages,
): Promise<MessageMetadata[][]> {
  pass.checkpoint();
  await pass.reconnect();
  await folder.reopen();
  const left = batch.filter((message) => !folder.entries.has(message.uid));
  const [only] = left;
  if (left.length < batch.length) breaking.noteProgress();
  if (left.length !== 1 || only === undefined) return halve(left);
  if (!breaking.isCause(only.uid, failure)) return [left];
  const words = failure.kind.startsWith("source")
    ? "the old server breaks off while sending it"
    : "the target breaks off while storing it";
  await pass.ledger.record(folder.source, [refusedEntry(only, words)], null);
  return [];
}

/** Messages above this are not sent: the administrator's limit, or what the target announces (RFC 7889). */
function sizeLimit(pass: Pass): { octets: number; words: string } | null {
  const ofTarget = appendLimit(pass.target);
  const ofCopy = pass.deps.copy.maxMessageSize;
  if (ofTarget !== null && ofTarget < (ofCopy ?? Number.POSITIVE_INFINITY))
    return { octets: ofTarget, words: `larger than the ${ofTarget} octets that the target takes` };
  return ofCopy === null
    ? null
    : { octets: ofCopy, words: `larger than copy.maxMessageSize (${ofCopy} octets)` };
}

function appendLimit(target: ImapConnection): number | null {
  for (const capability of target.capabilities) {
    const [name, value] = capability.split("=");
    if (name === "APPENDLIMIT" && value !== undefined && /^\d+$/.test(value)) return Number(value);
  }
  return null;
}
