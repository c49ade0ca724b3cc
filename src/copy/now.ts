import { sleep } from "../kit/deadline.ts";
import type { Lease } from "../queue/queue.ts";
import type { CopyDeps, JobOutcome } from "./deps.ts";
import { LEASE_MS } from "./limits.ts";
import { isDeadHere } from "./owner.ts";
import { takeTurn } from "./turn.ts";

/** How often the lease is asked for while another worker has it. */
const ASK_AGAIN_MS = 200;

/**
 * Makes one pass over the account in this process, now, whenever its next one would be due: waits while another worker has it.
 * @param signal ends the pass after its present batch
 * @throws the signal's reason when it aborts while waiting
 */
export async function copyNow(deps: CopyDeps, address: string, signal?: AbortSignal): Promise<JobOutcome> {
  const stop = signal ?? new AbortController().signal;
  return await takeTurn(deps, await leaseNow(deps, address, stop), stop);
}

/**
 * The lease of an account that has a job or is to have one: waits while another worker has it. It is good for `LEASE_MS` and is not renewed.
 * @throws the signal's reason when it aborts while waiting
 */
export async function leaseNow(
  deps: Pick<CopyDeps, "queue" | "clock" | "owner">,
  address: string,
  signal?: AbortSignal,
): Promise<Lease> {
  const { queue, clock } = deps;
  const stop = signal ?? new AbortController().signal;
  await queue.releaseDead(isDeadHere);
  const filter = { address, evenIfNotDue: true };
  for (let isPut = false; ; isPut = true) {
    stop.throwIfAborted();
    const lease = await queue.lease(deps.owner, clock.now(), LEASE_MS, filter);
    if (lease) return lease;
    // Either there is no job yet, or somebody has it; putting it once more does no harm.
    if (!isPut) await queue.put(address, clock.now());
    else await sleep(ASK_AGAIN_MS, stop);
  }
}
