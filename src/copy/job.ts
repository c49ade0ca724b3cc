import type { Account } from "../model/account.ts";
import { type Domain, sourceMayBeAsked } from "../model/domain.ts";
import { asFailure } from "../model/failure.ts";
import type { FolderName } from "../model/ledger.ts";
import type { Lease } from "../queue/queue.ts";
import { noteConnected, noteFailure, noteWholePass } from "./attention.ts";
import { bringInStep } from "./changes/bring-in-step.ts";
import { closePair, connectPair } from "./connect.ts";
import type { CopyDeps, JobOutcome } from "./deps.ts";
import {
  claimInbox,
  type Folders,
  type FolderTask,
  isUnchanged,
  listBoth,
  settleFolders,
  tasksOf,
} from "./folders/folders.ts";
import { followRenames } from "./folders/renames.ts";
import { copyNewest } from "./lanes/copy-newest.ts";
import { copyNews } from "./lanes/copy-news.ts";
import { copyInLanes, openLanes } from "./lanes/lanes.ts";
import { folderTroubleOf, type JobSignals, Pass } from "./pass.ts";
import { AccountLedger } from "./record.ts";
import { tryRefusedAgain } from "./refused/try-again.ts";
import { brokenConnection } from "./sending/breaking.ts";

/** One pass over one account, whatever the last one has left. The outcome says how it ended, and the account shows it; throws only when the store fails. */
export async function runJob(deps: CopyDeps, lease: Lease, signals: JobSignals): Promise<JobOutcome> {
  if (signals.stop.aborted || signals.lost.aborted) return { kind: "stopped" };
  const account = await deps.store.accounts.get(lease.address);
  const domain = account && (await deps.store.domains.get(account.domain));
  if (!account || !domain || !isToBeCopied(account, domain)) return { kind: "stopped" };
  let isGettingOn = false;
  try {
    const pass = await beginPass(deps, account, domain, lease, signals);
    const known = pass.ledger.settledCount;
    try {
      await copyAccount(pass);
      await pass.end("politely");
    } catch (error) {
      // What a pass has brought counts, though it does not end whole.
      if (!signals.lost.aborted) await pass.progress.showNow(pass.ledger.refusedCount());
      isGettingOn = pass.ledger.settledCount > known;
      throw error;
    } finally {
      await pass.end("at once");
    }
    return { kind: "done", copied: pass.counts.copied, refused: pass.ledger.refusedCount() };
  } catch (error) {
    // What fails because the lease is lost or the program ends fails in its own words; they do not matter.
    if (signals.lost.aborted || signals.stop.aborted) return { kind: "stopped" };
    const failure = folderTroubleOf(error) ?? asFailure(error);
    if (failure.kind === "shutting-down" || failure.kind === "lease-lost") return { kind: "stopped" };
    await noteFailure(deps, account.address, lease, failure, isGettingOn);
    return { kind: "failed", failure, isGettingOn };
  }
}

/** In place of newest messages that nobody waits for. */
const NOTHING = { given: Promise.resolve(), end: Promise.resolve(null) };

/** THE RECIPE. */
async function copyAccount(pass: Pass): Promise<void> {
  const began = pass.deps.clock.now();
  const listed = await listBoth(pass);
  const inbox = await claimInbox(pass, listed);
  // From the moment on at which INBOX is opened; nothing comes of it before.
  const unlisten = inbox && listenForNews(pass, inbox.source);
  try {
    await copyListed(pass, listed, inbox);
  } finally {
    unlisten?.();
  }
  await pass.backgroundIsDone();
  // Nothing more is asked of the servers: they are told while the ledger is brought to its end.
  pass.dismiss(pass.main);
  await pass.ledger.fold();
  await pass.progress.showNow(pass.ledger.refusedCount());
  const [trouble] = pass.troubles;
  if (trouble) throw trouble;
  await noteWholePass(pass.deps, pass.account, pass.ledger.refusedCount());
  logWholePass(pass, began);
}

async function copyListed(pass: Pass, listed: Folders, inbox: FolderTask | null): Promise<void> {
  // One that goes on where another was interrupted looks first what has been moved since.
  const isNew = pass.ledger.isEmpty;
  const folders = isNew ? listed : await followRenames(pass, listed);
  const further = pass.isFirst ? openLanes(pass, statusesOf(folders)) : null;
  // Who has just logged in waits for the newest mail, and not for the folders.
  const newest = inbox !== null && pass.isFirst ? copyNewest(pass, pass.main, inbox, isNew) : NOTHING;
  const tasks = await besideNewest(pass, newest.end, settle(pass, folders));
  const changed = tasks.filter((task) => !isUnchanged(pass, task));
  for (const task of tasks) if (!changed.includes(task)) pass.progress.setDone(task.source, null);
  // Other mail does not compete with the newest for what the source gives; what the target makes of that need not be waited for.
  await (isNew ? newest.given : newest.end);
  const afresh = isNew ? changed : await bringInStep(pass, changed);
  await copyInLanes(pass, afresh, further ?? openLanes(pass, afresh), newest.end);
  await tryRefusedAgain(pass, tasks);
}

/** Mail that arrives in INBOX while folders are copied whole does not wait for their end. */
function listenForNews(pass: Pass, inbox: FolderName): (() => void) | undefined {
  return pass.deps.news?.listen(pass.account.address, () => pass.background.add(copyNews(pass, inbox)));
}

/** What LIST said of folders that will be copied, where it said it. */
function statusesOf({ source, excluded }: Folders) {
  const copied = source.filter(({ name }) => !excluded.has(name));
  return copied.map(({ name, status }) => ({ source: name, status: status ?? null }));
}

async function settle(pass: Pass, folders: Folders): Promise<FolderTask[]> {
  await settleFolders(pass, folders);
  return await tasksOf(pass, folders);
}

/** The newest messages share the main lane: where one of them broke its connections, the folders are settled again over the new ones. */
async function besideNewest(
  pass: Pass,
  newest: Promise<unknown>,
  settled: Promise<FolderTask[]>,
): Promise<FolderTask[]> {
  try {
    return await settled;
  } catch (error) {
    await newest;
    brokenConnection(error);
    // What was made in the meantime is listed now, and known for what it is.
    return await settle(pass, await listBoth(pass));
  }
}

async function beginPass(
  deps: CopyDeps,
  account: Account,
  domain: Domain,
  lease: Lease,
  signals: JobSignals,
): Promise<Pass> {
  const ledger = await AccountLedger.open(deps.store.ledger, account.address, lease.token);
  const ending = AbortSignal.any([signals.lost, signals.stop]);
  const permit = await deps.governor.permit(domain.source, account.address, ending);
  const pair = await deps.governor.opening(permit, () => connectPair(deps, account, domain, ending));
  try {
    await noteConnected(deps, account);
    const at = new Date(deps.clock.now()).toISOString();
    await deps.store.accounts.apply(account.address, { kind: "copy-started" }, at);
    const pass = new Pass({ deps, account, domain, lease }, ledger, { permit, pair }, signals);
    if (pass.isFirst)
      deps.log.info({ event: "copy.start", ...pass.logFields }, `copying ${account.address} begins`);
    return pass;
  } catch (error) {
    closePair(pair);
    await permit.release();
    throw error;
  }
}

/** Not before the first login, not after the end, and only while the domain migrates. */
function isToBeCopied(account: Account, domain: Domain): boolean {
  return account.state !== "waiting" && account.state !== "finalized" && sourceMayBeAsked(domain);
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
