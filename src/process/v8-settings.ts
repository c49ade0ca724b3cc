import { setFlagsFromString } from "node:v8";
import type { Role } from "../config/config.ts";

/**
 * What a login leaves behind: most of it at once, so new objects get all of their 16 MB from the beginning, and what a closed connection held only with the older objects, which V8
 * would let double before it looks: by a fifth (docs/benchmarks.md).
 */
const LOGGING_IN = ["--semi-space-growth-factor=16", "--heap-growing-percent=20"] as const;
/** A copy runs the same code for each message and is soon over: making the best of it after 20,000 rounds instead of 3,000 costs a quarter less (docs/benchmarks.md). */
const COPYING = ["--invocation-count-for-turbofan=20000"] as const;

/** Tells V8, in this process from now on, what these jobs are like. A V8 that does not know an option says so on standard error and goes on. */
export function setV8For(roles: readonly Role[]): void {
  const options = roles.includes("copier") ? COPYING : roles.includes("proxy") ? LOGGING_IN : [];
  for (const option of options) setFlagsFromString(option);
}
