import type { CopyDeps } from "../copy/deps.ts";
import { copyNow } from "../copy/now.ts";
import { Semaphore } from "../kit/semaphore.ts";
import { ACCOUNT_STATES, type Account } from "../model/account.ts";
import type { Domain } from "../model/domain.ts";
import { asFailure, causeChain } from "../model/failure.ts";
import { NotFoundError } from "../store/store.ts";
import type { AccountComparison } from "./comparison.ts";
import { isQuarantined } from "./quarantine.ts";
import { type Refusal, reasonsAgainst, standingRefusals } from "./refusals.ts";
import { NotComparableError, verifyAccount } from "./verify.ts";

/** Accounts that make their last pass at the same time. */
const ACCOUNTS_AT_ONCE = 3;
/** A message that arrives between pass and comparison makes the two differ: then both are done again, this often in all. */
const ROUNDS = 3;
/** An account that was captured in the last moment is taken along; users cannot go on logging in for the first time for ever. */
const SWEEPS = 5;

export type FinalizeDeps = CopyDeps;

export interface FinalizeOptions {
  /** Only say what stands against it. */
  readonly dryRun: boolean;
  /** Leave behind accounts whose users have never logged in. */
  readonly leaveStragglers?: boolean;
  /** Leave behind messages that the target has refused. */
  readonly leaveRejected?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called when nothing stands against it so far and before anything is done, with the accounts whose passwords would go and those left behind; throws to stop it. */
  readonly confirm?: ((started: number, leftBehind: number) => Promise<void>) | undefined;
  /** Called with each account that has made its last pass and been compared. */
  readonly onProgress?: ((done: number, total: number, address: string) => void) | undefined;
}

export type FinalizeOutcome =
  | {
      readonly kind: "finalized";
      readonly accounts: number;
      readonly leftBehind: number;
      readonly purged: number;
      /** Messages that are on the target mended, or within a covering message, because it refused them as they are; and those in no form. */
      readonly mended: number;
      readonly wrapped: number;
      readonly refused: number;
    }
  | { readonly kind: "refused"; readonly reasons: readonly Refusal[] }
  /** A dry run that found nothing against it. */
  | { readonly kind: "possible"; readonly accounts: number };

/**
 * Ends the migration of a domain: a last pass and a comparison of each account; if all is on the target, the sealed passwords are deleted and the
 * source is never asked again. Otherwise the domain goes on migrating, with the reasons. It may be repeated at any time, also after a crash.
 * @throws {NotFoundError}; the signal's reason when it aborts, with the domain migrating again; what `options.confirm` throws, with nothing changed
 */
export async function finalizeDomain(
  deps: FinalizeDeps,
  name: string,
  options: FinalizeOptions,
): Promise<FinalizeOutcome> {
  const domain = await deps.store.domains.get(name);
  if (!domain)
    throw new NotFoundError(`there is no domain ${name}; "imbarco domain list" shows those there are`);
  if (domain.state === "finalized" && !(await isLeftUnproven(deps, name))) return await cleanUp(deps, domain);
  const standing = await standingRefusals(deps, domain, options);
  if (options.dryRun) return await tryOut(deps, domain, standing, options);
  if (standing.length > 0) {
    // Left behind by a run that was killed.
    if (domain.state !== "migrating" && domain.state !== "preparing")
      await deps.store.domains.update(name, { state: "migrating", finalizedAt: null });
    return { kind: "refused", reasons: standing };
  }
  await askFirst(deps, name, options);
  await deps.store.domains.update(name, { state: "finalizing" });
  let reasons: readonly Refusal[];
  try {
    reasons = await proveAll(deps, name, options);
  } catch (error) {
    await deps.store.domains.update(name, { state: "migrating", finalizedAt: null });
    throw error;
  }
  if (reasons.length > 0) {
    await deps.store.domains.update(name, { state: "migrating" });
    return { kind: "refused", reasons };
  }
  return await cleanUp(deps, domain);
}

async function askFirst(deps: FinalizeDeps, name: string, { confirm }: FinalizeOptions): Promise<void> {
  if (confirm === undefined) return;
  const counts = await deps.store.accounts.counts(name);
  const total = ACCOUNT_STATES.reduce((sum, state) => sum + counts[state], 0);
  await confirm(total - counts.waiting, counts.waiting);
}

/**
 * Whether a run was killed right behind its last look for accounts that were captured meanwhile: one that was never copied whole cannot have been proven. Once
 * the first account is finalized, that look has been taken.
 */
async function isLeftUnproven(deps: FinalizeDeps, name: string): Promise<boolean> {
  const accounts = await started(deps, name);
  return (
    accounts.every(({ state }) => state !== "finalized") && accounts.some((one) => one.syncedAt === null)
  );
}

/** Proves account after account until the domain is finalized with none left unproven, or says what stands against it. */
async function proveAll(
  deps: FinalizeDeps,
  name: string,
  options: FinalizeOptions,
): Promise<readonly Refusal[]> {
  const proven = new Set<string>();
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const unproven = (await started(deps, name)).filter((account) => !proven.has(account.address));
    if (unproven.length === 0) {
      // From here on nobody is captured any more; one who was in this very moment reopens it.
      await deps.store.domains.update(name, {
        state: "finalized",
        finalizedAt: new Date(deps.clock.now()).toISOString(),
      });
      const late = (await started(deps, name)).some((account) => !proven.has(account.address));
      if (!late) return [];
      await deps.store.domains.update(name, { state: "finalizing", finalizedAt: null });
      continue;
    }
    const reasons = await proveSome(deps, unproven, options);
    if (reasons.length > 0) return reasons;
    for (const account of unproven) proven.add(account.address);
  }
  return [
    {
      code: "not_copied",
      account: null,
      message: "Users keep logging in for the first time: try again when it is quieter.",
    },
  ];
}

async function proveSome(
  deps: FinalizeDeps,
  accounts: readonly Account[],
  options: FinalizeOptions,
): Promise<Refusal[]> {
  const places = new Semaphore(ACCOUNTS_AT_ONCE);
  const reasons: Refusal[] = [];
  let done = 0;
  const results = await Promise.allSettled(
    accounts.map((account) =>
      places.run(async () => {
        options.signal?.throwIfAborted();
        reasons.push(...(await prove(deps, account.address, options)));
        done += 1;
        options.onProgress?.(done, accounts.length, account.address);
      }),
    ),
  );
  options.signal?.throwIfAborted();
  for (const result of results) if (result.status === "rejected") throw result.reason as Error;
  return reasons;
}

/** The last pass of one account and the comparison right behind it. */
async function prove(deps: FinalizeDeps, address: string, options: FinalizeOptions): Promise<Refusal[]> {
  let reasons: Refusal[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const outcome = await copyNow(deps, address, options.signal);
    if (outcome.kind === "failed") return [refusal("pass_failed", address, outcome.failure.message)];
    if (outcome.kind === "stopped") return [refusal("pass_failed", address, "Its last pass was stopped.")];
    reasons = await compareOnce(deps, address, options);
    if (reasons.length === 0) return [];
  }
  return reasons;
}

async function compareOnce(
  deps: FinalizeDeps,
  address: string,
  options: FinalizeOptions,
): Promise<Refusal[]> {
  let comparison: AccountComparison;
  try {
    comparison = await verifyAccount(deps, address, { deep: false, signal: options.signal });
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof NotComparableError) return [refusal("not_compared", address, error.message)];
    const failure = asFailure(error);
    deps.log.warn(
      { event: "worker.error", account: address, reason: failure.kind, causes: causeChain(failure) },
      "an account could not be compared",
    );
    return [refusal("not_compared", address, failure.message)];
  }
  return reasonsAgainst(comparison, options);
}

function refusal(code: Refusal["code"], account: string, message: string): Refusal {
  return { code, account, message };
}

/** A dry run compares as things are, without a last pass. */
async function tryOut(
  deps: FinalizeDeps,
  domain: Domain,
  standing: readonly Refusal[],
  options: FinalizeOptions,
): Promise<FinalizeOutcome> {
  const accounts = await started(deps, domain.name);
  const reasons = [...standing];
  for (const account of accounts.filter((one) => one.state === "synced")) {
    options.signal?.throwIfAborted();
    const found = await compareOnce(deps, account.address, options);
    reasons.push(
      ...found.map((one) => ({ ...one, message: `${one.message} The last pass may still mend this.` })),
    );
  }
  return reasons.length > 0 ? { kind: "refused", reasons } : { kind: "possible", accounts: accounts.length };
}

/** What follows once the domain is finalized; repeating it changes nothing, so a crash in the middle is healed by a second call. */
async function cleanUp(deps: FinalizeDeps, domain: Domain): Promise<FinalizeOutcome> {
  const at = new Date(deps.clock.now()).toISOString();
  const accounts = await started(deps, domain.name);
  for (const account of accounts) {
    await deps.store.accounts.apply(account.address, { kind: "finalized" }, at);
    await deps.queue.remove(account.address);
  }
  const purged = await deps.store.accounts.purgeSealed(domain.name);
  await deps.store.compact();
  const { waiting } = await deps.store.accounts.counts(domain.name);
  const exceptions = await countExceptions(deps, accounts);
  deps.log.info(
    { event: "domain.finalized", domain: domain.name, accounts: accounts.length, purged, ...exceptions },
    "the domain is finalized: its source is not contacted any more",
  );
  return { kind: "finalized", accounts: accounts.length, leftBehind: waiting, purged, ...exceptions };
}

/** What is not on the target as it was at the source. */
async function countExceptions(
  deps: FinalizeDeps,
  accounts: readonly Account[],
): Promise<{ mended: number; wrapped: number; refused: number }> {
  const counts = { mended: 0, wrapped: 0, refused: 0 };
  for (const { address } of accounts)
    for (const { entries } of await deps.store.ledger.load(address))
      for (const entry of entries) {
        if (isQuarantined(entry)) counts.refused += 1;
        else if (entry.remedy !== undefined) counts[entry.remedy] += 1;
      }
  return counts;
}

/** Accounts that are on their way: all but those whose users have never logged in. */
async function started(deps: FinalizeDeps, domain: string): Promise<Account[]> {
  const accounts: Account[] = [];
  for (const state of ACCOUNT_STATES) {
    if (state === "waiting") continue;
    for await (const account of deps.store.accounts.list({ domain, state })) accounts.push(account);
  }
  return accounts;
}
