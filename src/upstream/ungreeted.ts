import type { Failure } from "../model/failure.ts";

/**
 * The server took the connection and ended it without a word. Courier does so with each above its `MAXPERIP`, and so do tcpd and proxies in front
 * of a server: where others of ours stand, it bears no more of them.
 */
export class UngreetedError extends Error {
  override readonly name = "UngreetedError";
}

/** Whether this is how the connection ended that the failure is about. */
export function isUngreeted(failure: Failure): boolean {
  return failure.cause instanceof UngreetedError;
}
