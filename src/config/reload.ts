import { isDeepStrictEqual } from "node:util";
import type { Config } from "./config.ts";

/** What SIGHUP takes over; the rest of the configuration is read once, at the start. */
const LIVE: ReadonlySet<string> = new Set(["tls", "log"] satisfies (keyof Config)[]);

/** The top-level keys that differ between the two and only count after a restart. */
export function needsRestart(running: Config, read: Config): string[] {
  return (Object.keys(read) as (keyof Config)[]).filter(
    (key) => !LIVE.has(key) && !isDeepStrictEqual(running[key], read[key]),
  );
}
