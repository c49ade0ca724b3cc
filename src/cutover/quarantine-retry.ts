import type { CopyDeps } from "../copy/deps.ts";
import { copyNow, leaseNow } from "../copy/now.ts";
import type { Address } from "../model/address.ts";
import { sourceMayBeAsked } from "../model/domain.ts";
import type { Failure } from "../model/failure.ts";
import { FencedError, NotFoundError } from "../store/store.ts";
import {
  findMessage,
  folderNamed,
  isQuarantined,
  type MessageOutcome,
  type QuarantinedMessage,
  type QuarantineFilter,
  quarantineOf,
  shownMessage,
} from "./quarantine.ts";

export type RetryDeps = CopyDeps;

/** What became of a message that was tried again. */
export interface Retried extends Omit<QuarantinedMessage, "outcome"> {
  /** `untried` = the pass did not come to it. */
  readonly outcome: MessageOutcome | "untried";
}

/** The messages cannot be tried again; the message says why and what to do. */
export class RetryRefusedError extends Error {
  override readonly name = "RetryRefusedError";
}

/**
 * Makes the copier try messages in quarantine again: notes it in the ledger, under a lease, so that no pass that is under way is disturbed, and makes the
 * account due now.
 * @returns the messages; none where none of those that the filter names is in quarantine
 * @throws {RetryRefusedError} when the source of the account is not asked (any more)
 * @throws {NotFoundError}; the signal's reason when it aborts while another worker has the account
 */
export async function retryQuarantined(
  deps: RetryDeps,
  address: Address,
  filter: QuarantineFilter,
  signal?: AbortSignal,
): Promise<QuarantinedMessage[]> {
  await checkRetry(deps, address);
  const stands = (await quarantineOf(deps, address, { all: false })).length > 0;
  if (!stands) return [];
  const lease = await leaseNow(deps, address, signal);
  try {
    return await noteRetry(deps, address, lease.token, filter);
  } catch (error) {
    if (!(error instanceof FencedError)) throw error;
    throw new RetryRefusedError(`Another worker has taken ${address} over: try again.`, { cause: error });
  } finally {
    await deps.queue.finish(lease, deps.clock.now());
  }
}

/**
 * Makes a pass now, or waits for the one that is under way, and says what became of the messages.
 * @returns with the failure where the pass did not end whole
 */
export async function passOver(
  deps: RetryDeps,
  address: Address,
  messages: readonly QuarantinedMessage[],
  signal?: AbortSignal,
): Promise<{ readonly messages: Retried[]; readonly failure: Failure | null }> {
  const outcome = await copyNow(deps, address, signal);
  const retried: Retried[] = [];
  for (const message of messages) {
    const now = await findMessage(deps, address, message.folder, message.uid);
    if (now === undefined)
      retried.push({ ...message, outcome: outcome.kind === "done" ? "gone" : "untried" });
    else if (isQuarantined(now.entry) && now.entry.tryAgain) retried.push({ ...message, outcome: "untried" });
    // What is stored as it was has no subject in the ledger.
    else retried.push({ ...now.message, subject: now.message.subject ?? message.subject });
  }
  return { messages: retried, failure: outcome.kind === "failed" ? outcome.failure : null };
}

async function checkRetry(deps: RetryDeps, address: Address): Promise<void> {
  const account = await deps.store.accounts.get(address);
  const domain = account && (await deps.store.domains.get(account.domain));
  if (!account || !domain) throw new NotFoundError(`there is no account ${address}`);
  if (domain.state === "finalized" || account.state === "finalized")
    throw new RetryRefusedError(
      `The domain of ${address} is finalized: its source is not contacted any more.`,
    );
  if (!sourceMayBeAsked(domain))
    throw new RetryRefusedError(
      `The domain of ${address} is not enabled, so nothing is copied: see "imbarco domain enable ${domain.name}".`,
    );
}

async function noteRetry(
  deps: RetryDeps,
  address: Address,
  token: number,
  filter: QuarantineFilter,
): Promise<QuarantinedMessage[]> {
  const { ledger } = deps.store;
  await ledger.begin(address, token);
  // As it is under the lease: the last pass may have changed it.
  const folders = await ledger.load(address);
  const only = filter.folder === undefined ? undefined : folderNamed(folders, filter.folder);
  const noted: QuarantinedMessage[] = [];
  for (const folder of folders) {
    const isMeant = filter.folder === undefined || folder === only;
    const refused = folder.entries.filter(isQuarantined);
    const meant = isMeant ? refused.filter(({ sourceUid }) => (filter.uid ?? sourceUid) === sourceUid) : [];
    if (meant.length === 0) continue;
    const entries = meant.map((entry) => ({ ...entry, tryAgain: true as const }));
    await ledger.record(address, token, { source: folder.source, entries }, null);
    noted.push(...meant.map((entry) => shownMessage(address, folder, entry)));
  }
  return noted;
}
