import { isDeepStrictEqual } from "node:util";
import type { Config, CopyConfig } from "./config.ts";

/** What SIGHUP takes over; the rest of the configuration is read once, at the start. */
const LIVE: ReadonlySet<string> = new Set(["tls", "log"] satisfies (keyof Config)[]);
const LIVE_IN_COPY: ReadonlySet<string> = new Set([
  "connectionsPerSource",
  "pairsPerAccount",
  "bytesPerSecond",
  "night",
] satisfies (keyof CopyConfig)[]);

/** The top-level keys that differ between the two and only count after a restart. */
export function needsRestart(running: Config, read: Config): string[] {
  return (Object.keys(read) as (keyof Config)[]).filter(
    (key) => !LIVE.has(key) && !isDeepStrictEqual(fixed(key, running), fixed(key, read)),
  );
}

/** The part of a block that only a restart changes. */
function fixed(key: keyof Config, config: Config): unknown {
  if (key !== "copy") return config[key];
  return Object.entries(config.copy).filter(([name]) => !LIVE_IN_COPY.has(name));
}
