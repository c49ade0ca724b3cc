import type { CopyDeps } from "./deps.ts";

/** The copier of one process: takes jobs from the queue until it is told to stop. */
export interface Copier {
  /** Works until `signal` aborts, then ends each job after its present batch and resolves. Never rejects for one account's trouble. */
  run(signal: AbortSignal): Promise<void>;
  /** Looks at the queue now instead of at the next tick: somebody has just put a job. */
  wake(): void;
}

/** Makes the copier; nothing happens before `run`. */
export function createCopier(deps: CopyDeps): Copier {
  throw new Error(`not yet ${deps.owner}`);
}
