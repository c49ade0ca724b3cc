import type { CopyDeps, JobOutcome } from "./deps.ts";

/**
 * Makes one pass over the account in this process, now, whenever its next one would be due: waits while another worker has it.
 * @throws the signal's reason when it aborts while waiting
 */
export async function copyNow(deps: CopyDeps, address: string, signal?: AbortSignal): Promise<JobOutcome> {
  throw new Error(`not yet ${deps.owner} ${address} ${signal}`);
}
