import { type DestinationStream, pino } from "pino";

/** How long a line may wait for others. */
const TOGETHER_MS = 10;

/**
 * Standard output for the lines of a log. Those of a few milliseconds are written together: with many sessions a write for each line costs more than
 * making the line, since it wakes whoever reads them. When the process ends, however it does that by itself, all are written.
 */
export function standardOutput(): DestinationStream & { flushSync(): void } {
  const output = pino.destination({ fd: process.stdout.fd, sync: true });
  let waiting = "";
  const flushSync = (): void => {
    if (waiting === "") return;
    const lines = waiting;
    waiting = "";
    output.write(lines);
  };
  process.on("exit", flushSync);
  return {
    write(line) {
      if (waiting === "") setTimeout(flushSync, TOGETHER_MS);
      waiting += line;
    },
    flushSync,
  };
}
