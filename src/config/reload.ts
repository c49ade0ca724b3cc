import { isDeepStrictEqual } from "node:util";
import type { Config, CopyConfig } from "./config.ts";

/** What SIGHUP takes over; the rest of the configuration is read once, at the start. */
const LIVE: ReadonlySet<string> = new Set(["tls", "log", "throttle"] satisfies (keyof Config)[]);
const LIVE_IN_COPY: ReadonlySet<string> = new Set([
  "connectionsPerSource",
  "pairsPerAccount",
  "bytesPerSecond",
  "night",
] satisfies (keyof CopyConfig)[]);

/** The keys that differ between the two and only count after a restart, as they are written. */
export function needsRestart(running: Config, read: Config): string[] {
  const copies = changed(running.copy, read.copy).filter((key) => !LIVE_IN_COPY.has(key));
  return changed(running, read)
    .filter((key) => !LIVE.has(key))
    .flatMap((key) => (key === "copy" ? copies.map((name) => `copy.${name}`) : [key]))
    .map((key) => key.replace(/Ms$/, ""));
}

function changed<Block extends object>(running: Block, read: Block): string[] {
  return (Object.keys(read) as (keyof Block & string)[]).filter(
    (key) => !isDeepStrictEqual(running[key], read[key]),
  );
}
