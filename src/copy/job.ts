import { printable } from "../kit/text.ts";
import type { Account } from "../model/account.ts";
import { type Domain, sourceMayBeAsked } from "../model/domain.ts";
import { asFailure } from "../model/failure.ts";
import type { FolderName } from "../model/ledger.ts";
import type { Lease } from "../queue/queue.ts";
import { noteConnected, noteFailure, noteWholePass } from "./attention.ts";
import { catchUpFlags } from "./catch-up.ts";
import { closePair, connectPair } from "./connect.ts";
import type { CopyDeps, JobOutcome } from "./deps.ts";
import { diffListing } from "./diff.ts";
import { FolderPair } from "./folder-pair.ts";
import { claimInbox, type FolderTask, isUnchanged, listBoth, settleFolders, tasksOf } from "./folders.ts";
import { folderTroubleOf, type JobSignals, Pass } from "./pass.ts";
import { AccountLedger } from "./record.ts";
import { sendFresh } from "./send.ts";
import { windowsNewestFirst } from "./windows.ts";

/** One pass over one account, whatever the last one has left. The outcome says how it ended, and the account shows it; throws only when the store fails. */
export async function runJob(deps: CopyDeps, lease: Lease, signals: JobSignals): Promise<JobOutcome> {
  if (signals.stop.aborted || signals.lost.aborted) return { kind: "stopped" };
  const account = await deps.store.accounts.get(lease.address);
  const domain = account && (await deps.store.domains.get(account.domain));
  if (!account || !domain || !isToBeCopied(account, domain)) return { kind: "stopped" };
  try {
    const pass = await beginPass(deps, account, domain, lease, signals);
    try {
      await copyAccount(pass);
      await pass.end("politely");
    } finally {
      await pass.end("at once");
    }
    return { kind: "done", copied: pass.counts.copied, refused: pass.ledger.refusedCount() };
  } catch (error) {
    // What fails because the lease is lost or the program ends fails in its own words; they do not matter.
    if (signals.lost.aborted || signals.stop.aborted) return { kind: "stopped" };
    const failure = folderTroubleOf(error) ?? asFailure(error);
    if (failure.kind === "shutting-down" || failure.kind === "lease-lost") return { kind: "stopped" };
    await noteFailure(deps, account.address, lease, failure);
    return { kind: "failed", failure };
  }
}

/** THE RECIPE. */
async function copyAccount(pass: Pass): Promise<void> {
  const began = pass.deps.clock.now();
  const folders = await listBoth(pass);
  const inbox = await claimInbox(pass, folders);
  if (inbox !== null && pass.isFirst) await copyFolder(pass, { source: inbox, status: null }, "newest only");
  await settleFolders(pass, folders);
  for (const task of await tasksOf(pass, folders)) {
    pass.checkpoint();
    if (isUnchanged(pass, task)) pass.progress.setDone(task.source, null);
    else await copyFolder(pass, task, "whole");
  }
  await pass.ledger.fold();
  await pass.progress.showNow(pass.ledger.refusedCount());
  const [trouble] = pass.troubles;
  if (trouble) throw trouble;
  await noteWholePass(pass.deps, pass.account, pass.ledger.refusedCount());
  logWholePass(pass, began);
}

/** One folder: what is new, newest window first, and what has changed. */
async function copyFolder(pass: Pass, task: FolderTask, extent: "whole" | "newest only"): Promise<void> {
  const began = { at: pass.deps.clock.now(), troubles: pass.troubles.length, ...pass.counts };
  try {
    const folder = await FolderPair.open(pass, task.source);
    const listed = { messages: 0, bytes: 0 };
    for await (const window of windowsNewestFirst(pass, folder)) {
      const { fresh, flagChanges } = diffListing(folder.entries, window);
      await sendFresh(pass, folder, fresh);
      await catchUpFlags(pass, folder, flagChanges);
      listed.messages += window.length;
      for (const { size } of window) listed.bytes += size;
      if (extent === "newest only") return;
    }
    if (pass.troubles.length === began.troubles) await noteWholeFolder(pass, folder);
    pass.progress.setDone(task.source, listed);
  } catch (error) {
    const trouble = folderTroubleOf(error);
    if (trouble === null) throw error;
    pass.troubles.push(trouble);
  } finally {
    logFolder(pass, task.source, began);
  }
}

/** What the source said when the folder was opened: what came later is found by the next pass. */
async function noteWholeFolder(pass: Pass, folder: FolderPair): Promise<void> {
  const head = pass.ledger.folder(folder.source)?.head;
  if (head === undefined) return;
  const { exists, uidNext, highestModSeq } = folder.opened.source;
  await pass.ledger.putHead({
    ...head,
    sourceUidNext: uidNext,
    sourceMessages: exists,
    sourceHighestModSeq: highestModSeq,
  });
}

async function beginPass(
  deps: CopyDeps,
  account: Account,
  domain: Domain,
  lease: Lease,
  signals: JobSignals,
): Promise<Pass> {
  const ledger = await AccountLedger.open(deps.store.ledger, account.address, lease.token);
  const pair = await connectPair(deps, account, domain, AbortSignal.any([signals.lost, signals.stop]));
  try {
    await noteConnected(deps, account);
    const at = new Date(deps.clock.now()).toISOString();
    await deps.store.accounts.apply(account.address, { kind: "copy-started" }, at);
    const pass = new Pass({ deps, account, domain, lease }, ledger, pair, signals);
    if (pass.isFirst)
      deps.log.info({ event: "copy.start", ...pass.logFields }, `copying ${account.address} begins`);
    return pass;
  } catch (error) {
    closePair(pair);
    throw error;
  }
}

/** Not before the first login, not after the end, and only while the domain migrates. */
function isToBeCopied(account: Account, domain: Domain): boolean {
  return account.state !== "waiting" && account.state !== "finalized" && sourceMayBeAsked(domain);
}

function logFolder(
  pass: Pass,
  source: FolderName,
  began: { at: number; copied: number; bytes: number },
): void {
  const copied = pass.counts.copied - began.copied;
  if (copied === 0) return;
  pass.deps.log.info(
    {
      event: "copy.folder",
      ...pass.logFields,
      folder: printable(source),
      copied,
      bytes: pass.counts.bytes - began.bytes,
      seconds: (pass.deps.clock.now() - began.at) / 1000,
    },
    `copied ${copied === 1 ? "1 message" : `${copied} messages`} of "${printable(source)}"`,
  );
}

function logWholePass(pass: Pass, began: number): void {
  const { copied, bytes, flagChanges, reconciled } = pass.counts;
  pass.deps.log.info(
    {
      event: pass.isFirst ? "copy.done" : "sync.done",
      ...pass.logFields,
      copied,
      bytes,
      flagChanges,
      reconciled,
      refused: pass.ledger.refusedCount(),
      seconds: (pass.deps.clock.now() - began) / 1000,
    },
    pass.isFirst ? `${pass.account.address} is copied` : `${pass.account.address} is in step`,
  );
}
