import { createGovernor } from "../copy/governor/governor.ts";
import { workerOwner } from "../copy/owner.ts";
import { type Copier, createCopier } from "../copy/worker.ts";
import { DeadlineError, withDeadline } from "../kit/deadline.ts";
import { causeChain } from "../model/failure.ts";
import type { Parts } from "./parts.ts";
import type { Stop } from "./surroundings.ts";

/** What a batch under way gets at least to end in: half a minute later most supervisors kill. */
const LEAST_FOR_COPIES_MS = 10_000;

/**
 * Starts the copier. It begins no new batch once `signal` aborts, however long sessions go on after that; `stop` waits for the
 * batches at hand, or goes without them where a server does not let them end.
 */
export function startCopier(
  parts: Parts,
  signal: AbortSignal,
): { readonly copier: Copier; readonly stop: Stop } {
  const { config, log, live } = parts;
  const base = { ...parts, copy: config.copy, owner: workerOwner() };
  const governor = createGovernor(base);
  live.governor = governor;
  const copier = createCopier({ ...base, governor });
  const stopping = new AbortController();
  const running = copier.run(AbortSignal.any([signal, stopping.signal]));
  const stop = async () => {
    stopping.abort();
    const limitMs = Math.max(config.drainMs, LEAST_FOR_COPIES_MS);
    try {
      await withDeadline(running, "the end of the copies under way", limitMs);
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      log.warn(
        { event: "serve.drain", causes: causeChain(error) },
        "a copy waits for a server and is cut short: it goes on at the next start",
      );
    }
  };
  return { copier, stop };
}
