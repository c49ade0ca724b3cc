import { printable } from "../kit/text.ts";
import { Failure } from "../model/failure.ts";
import { type AppendResult, appendMessage } from "../upstream/imap/append.ts";
import { fetchBodies } from "../upstream/imap/fetch-bodies.ts";
import type { MessageMetadata } from "../upstream/imap/fetch-metadata.ts";
import { noop } from "../upstream/imap/noop.ts";
import { storableFlags } from "./diff.ts";
import type { FolderPair } from "./folder-pair.ts";
import { FolderTroubleError, type Pass } from "./pass.ts";
import { findArrivals, listByUid } from "./reconcile.ts";
import { refusedEntry } from "./record.ts";
import { meaningOfRefusal } from "./refusal.ts";
import { judge, type Transfer, type Verdict } from "./verdict.ts";

/** Names the one connection pair of an account that sends batches now; several pairs will have a name each. */
const PAIR = "1";

/**
 * Copies one batch: intent, bodies straight from one server's literal into the other's, answers, record. The appends are all under way before the
 * first answer is awaited.
 * @returns messages that the source did not hand out though it still lists them: to be tried alone
 * @throws {Failure} when a connection breaks (the intent stays and tells what to look for), or `target-over-quota`
 * @throws {FolderTroubleError} when the target's folder is gone
 */
export async function pipeBatch(
  pass: Pass,
  folder: FolderPair,
  batch: readonly MessageMetadata[],
): Promise<MessageMetadata[]> {
  const { source, target } = folder.opened;
  await pass.ledger.intend({
    id: PAIR,
    source: folder.source,
    sourceUidValidity: source.uidValidity,
    target: folder.target,
    targetUidValidity: target.uidValidity,
    targetUidNext: folder.nextTargetUid,
    sourceUids: batch.map((message) => message.uid),
    at: new Date(pass.deps.clock.now()).toISOString(),
  });
  const { transfers: tried, refusal } = await transfer(pass, folder, batch, isAnyFlag);
  const transfers = await withoutKeywords(pass, folder, tried);
  const verdict = judge(await withTargetUids(pass, folder, transfers));
  const missing = await stillListed(pass, batch, transfers);
  const unreadable = batch.length === 1 ? missing : [];
  const entries = [
    ...verdict.entries,
    ...unreadable.map((message) => refusedEntry(message, `the old server does not hand it out: ${refusal}`)),
  ];
  await pass.ledger.record(folder.source, entries, PAIR);
  noteStored(pass, folder, verdict);
  await pass.batchIsRecorded();
  endWhereNothingFits(pass, folder, verdict);
  return batch.length === 1 ? [] : missing;
}

async function transfer(
  pass: Pass,
  folder: FolderPair,
  batch: readonly MessageMetadata[],
  takesFlag: (flag: string) => boolean,
): Promise<{ transfers: Transfer[]; refusal: string }> {
  const byUid = new Map(batch.map((message) => [message.uid, message]));
  const flights: { message: MessageMetadata; done: Promise<AppendResult> }[] = [];
  const uids = batch.map((message) => message.uid);
  const { refusal } = await fetchBodies(pass.source, uids, async ({ uid, size, body }) => {
    const message = byUid.get(uid);
    if (message === undefined) return;
    byUid.delete(uid);
    await pass.keepHold();
    const append = appendMessage(pass.target, folder.target, {
      flags: storableFlags(message.flags, folder.opened.target.permanentFlags).filter(takesFlag),
      internalDate: message.internalDate,
      size,
      body: whileHeld(pass, body),
    });
    // Awaited below; a connection that breaks before that must not count as a failure that nobody handles.
    append.done.catch(() => undefined);
    flights.push({ message, done: append.done });
    await append.sent;
  });
  const transfers: Transfer[] = [];
  for (const { message, done } of flights) transfers.push({ message, result: await done });
  return { transfers, refusal: printable(refusal ?? "it gave no reason") };
}

const isAnyFlag = () => true;
const isKeyword = (flag: string) => !flag.startsWith("\\");

/** A message is worth more than its keywords: one that is refused with them (Dovecot: too long, or too many) is sent once more without. */
async function withoutKeywords(
  pass: Pass,
  folder: FolderPair,
  transfers: readonly Transfer[],
): Promise<readonly Transfer[]> {
  const again = transfers.filter(
    ({ message, result }) =>
      result.kind === "refused" && meaningOfRefusal(result) === "message" && message.flags.some(isKeyword),
  );
  if (again.length === 0) return transfers;
  const messages = again.map(({ message }) => message);
  const second = await transfer(pass, folder, messages, (flag) => !isKeyword(flag));
  pass.deps.log.warn(
    { event: "copy.folder", ...pass.logFields, folder: printable(folder.source), messages: messages.length },
    "the target refuses messages with keywords: they are sent without",
  );
  const verdicts = new Map(second.transfers.map((one) => [one.message, one]));
  return transfers.map((transfer) => verdicts.get(transfer.message) ?? transfer);
}

async function* whileHeld(pass: Pass, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of body) {
    await pass.keepHold();
    yield piece;
  }
}

/** A target without UIDPLUS (RFC 4315) does not say which UID a message got: it is looked up. */
async function withTargetUids(
  pass: Pass,
  folder: FolderPair,
  transfers: readonly Transfer[],
): Promise<readonly Transfer[]> {
  const nameless = transfers.filter(({ result }) => result.kind === "stored" && result.uid === null);
  if (nameless.length === 0) return transfers;
  await noop(pass.target);
  const wanted = nameless.map(({ message }) => message);
  const arrived = await findArrivals(pass, folder, wanted, folder.nextTargetUid);
  return transfers.map((transfer) => {
    const uid = arrived.get(transfer.message.uid)?.uid;
    if (transfer.result.kind !== "stored" || uid === undefined) return transfer;
    return { message: transfer.message, result: { ...transfer.result, uid } };
  });
}

/** Messages that did not come: either they were deleted at the source meanwhile, or it cannot read them. */
async function stillListed(
  pass: Pass,
  batch: readonly MessageMetadata[],
  transfers: readonly Transfer[],
): Promise<MessageMetadata[]> {
  const came = new Set(transfers.map(({ message }) => message.uid));
  const missing = batch.map((message) => message.uid).filter((uid) => !came.has(uid));
  return missing.length === 0 ? [] : await listByUid(pass.source, missing, { messageId: false });
}

function noteStored(pass: Pass, folder: FolderPair, verdict: Verdict): void {
  let bytes = 0;
  for (const { message, targetUid } of verdict.stored) {
    bytes += message.size;
    if (targetUid !== null) folder.nextTargetUid = Math.max(folder.nextTargetUid, targetUid + 1);
  }
  pass.counts.copied += verdict.stored.length;
  pass.counts.bytes += bytes;
  pass.progress.addCopied(folder.source, verdict.stored.length, bytes);
}

function endWhereNothingFits(pass: Pass, folder: FolderPair, verdict: Verdict): void {
  const { address } = pass.account;
  if (verdict.overQuota !== null)
    throw new Failure(
      "target-over-quota",
      `the mailbox of ${address} on the target is full: ${verdict.overQuota}. Give it more room; the copy goes on by itself`,
    );
  const name = printable(folder.target);
  if (verdict.folderGone !== null)
    throw new FolderTroubleError(
      new Failure(
        "target-protocol",
        `the folder "${name}" of ${address} on the target is gone: ${verdict.folderGone}`,
      ),
    );
  if (verdict.postponed !== null) pass.postpone(folder, verdict.postponed, verdict.stored.length > 0);
}
