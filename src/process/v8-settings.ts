import { setFlagsFromString } from "node:v8";
import type { Role } from "../config/config.ts";

/**
 * What a login leaves behind: most of it at once, so new objects get all of their 16 MB from the beginning, and what a closed connection held only with the older objects, which V8
 * would let double before it looks: by a fifth (docs/benchmarks.md).
 */
const LOGGING_IN = ["--semi-space-growth-factor=16", "--heap-growing-percent=20"] as const;
/** A copy runs the same code for each message and is soon over: V8 compiles it for good after 20,000 rounds instead of 3,000, which saves a fifth (docs/benchmarks.md). */
const COPYING = ["--invocation-count-for-turbofan=20000"] as const;

/**
 * Tells V8, in this process from now on, what these jobs are like; what the administrator has said at its start stays. A V8 that does not know an option says so on standard error and
 * goes on, where Node would not even start.
 */
export function setV8For(roles: readonly Role[]): void {
  const options = roles.includes("copier") ? COPYING : roles.includes("proxy") ? LOGGING_IN : [];
  const isSaid = (option: string) => process.execArgv.some((said) => said.startsWith(nameOf(option)));
  for (const option of options) if (!isSaid(option)) setFlagsFromString(option);
}

function nameOf(option: string): string {
  return option.slice(0, option.indexOf("=") + 1);
}
