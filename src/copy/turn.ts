import { backoffMs } from "../kit/backoff.ts";
import { sourceMayBeAsked } from "../model/domain.ts";
import { causeChain, Failure } from "../model/failure.ts";
import type { Lease } from "../queue/queue.ts";
import { noteFailure } from "./attention.ts";
import type { CopyDeps, JobOutcome } from "./deps.ts";
import { PASSED_OVER_MS } from "./governor/bounds.ts";
import { spread } from "./governor/waits.ts";
import { runJob } from "./job.ts";
import { LEASE_MS, LEASE_RENEWAL_MS, LEASE_SAFETY_MS, RETRY } from "./limits.ts";

/** Runs work when there is room for it. @throws {Failure} `source-wait`; the signal's reason when it aborts before */
export type Room = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * One turn under a lease: renews it while the pass waits for its place and lasts, and gives it back with the time of the next turn. When the lease is
 * lost the pass ends at once.
 * @param stop ends the pass after the present batch
 */
export async function takeTurn(
  deps: CopyDeps,
  lease: Lease,
  stop: AbortSignal,
  room: Room = (work) => work(),
): Promise<JobOutcome> {
  const held = new HeldLease(deps, lease);
  const timer = setInterval(() => void held.renew(), LEASE_RENEWAL_MS);
  let outcome: JobOutcome;
  try {
    const signals = { stop, lost: held.lost, holds: () => held.isSure, hold: () => held.ensure() };
    outcome = await room(() => runJob(deps, lease, signals), AbortSignal.any([stop, held.lost]));
  } catch (error) {
    outcome = await keptOut(deps, lease, error, stop.aborted || held.lost.aborted);
  } finally {
    clearInterval(timer);
  }
  if (!held.lost.aborted) await giveBack(deps, lease, outcome, stop);
  return outcome;
}

/** The turn has not begun: the source wants to be left alone, or the program ends. */
async function keptOut(deps: CopyDeps, lease: Lease, error: unknown, isEnding: boolean): Promise<JobOutcome> {
  if (isEnding) return { kind: "stopped" };
  if (!(error instanceof Failure)) throw error;
  await noteFailure(deps, lease.address, lease, error, false);
  return { kind: "failed", failure: error, isGettingOn: false };
}

/** A lease and until when it surely holds. */
class HeldLease {
  readonly #deps: CopyDeps;
  readonly #lease: Lease;
  readonly #lost = new AbortController();
  #until: number;
  /** As `lost` says, but asked before every message. */
  #isLost = false;

  constructor(deps: CopyDeps, lease: Lease) {
    this.#deps = deps;
    this.#lease = lease;
    this.#until = deps.clock.now() + LEASE_MS;
  }

  /** Aborts when another worker has taken the lease over, or the store does not say. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether it holds for long enough that what is sent now arrives within it. */
  get isSure(): boolean {
    return !this.#isLost && this.#deps.clock.now() <= this.#until - LEASE_SAFETY_MS;
  }

  async renew(): Promise<void> {
    try {
      const now = this.#deps.clock.now();
      if (await this.#deps.queue.renew(this.#lease, now, LEASE_MS)) this.#until = now + LEASE_MS;
      else this.#lose(new Error("the lease was taken over"));
    } catch (error) {
      this.#lose(error);
    }
  }

  /** Asks the queue where time has passed unnoticed: this process, or its machine, may have stood still. */
  async ensure(): Promise<void> {
    if (!this.isSure) await this.renew();
  }

  #lose(reason: unknown): void {
    this.#isLost = true;
    this.#lost.abort(reason);
  }
}

async function giveBack(deps: CopyDeps, lease: Lease, outcome: JobOutcome, stop: AbortSignal): Promise<void> {
  const now = deps.clock.now();
  switch (outcome.kind) {
    case "done":
      return await deps.queue.finish(lease, await nextPassAt(deps, lease.address));
    case "failed":
      // Obeyed, and no failure: those who wait are not asked for attention.
      if (outcome.failure.wait !== null) {
        deps.governor.noteWait(lease.address, outcome.failure);
        const { ms, ofSource } = outcome.failure.wait;
        return await deps.queue.finish(lease, now + spread(ofSource ? Math.min(ms, PASSED_OVER_MS) : ms));
      }
      // It broke off, and got on before that: the next one begins soon.
      if (outcome.failure.facts.retry && outcome.isGettingOn)
        return await deps.queue.finish(lease, now + RETRY.firstMs);
      // No retry: somebody has to do something first, and what they do (a login) puts the job again.
      return outcome.failure.facts.retry
        ? await deps.queue.fail(lease, now + backoffMs(RETRY, lease.failures))
        : await deps.queue.finish(lease, null);
    case "stopped":
      return await deps.queue.finish(lease, stop.aborted ? now : await nextPassAt(deps, lease.address));
  }
}

/** `null` = never: the account is gone or at its end. A domain that is switched off is looked at again, so that it goes on by itself. */
async function nextPassAt(deps: CopyDeps, address: string): Promise<number | null> {
  const account = await deps.store.accounts.get(address);
  const domain = account && (await deps.store.domains.get(account.domain));
  if (!account || !domain || account.state === "waiting" || account.state === "finalized") return null;
  if (!sourceMayBeAsked(domain) && domain.state !== "preparing") return null;
  return deps.clock.now() + deps.copy.syncIntervalMs;
}

/** A turn that ended in a way nobody foresaw: the store is not to be reached. The lease runs out by itself. */
export function logBrokenTurn(deps: CopyDeps, address: string, error: unknown): void {
  deps.log.error(
    { event: "worker.error", account: address, causes: causeChain(error) },
    `the turn of ${address} ended without a result; it is taken up again when its lease has run out`,
  );
}
