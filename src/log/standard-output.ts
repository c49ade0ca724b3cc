import { type DestinationStream, pino } from "pino";

/** How long a line may wait for others. */
const TOGETHER_MS = 10;
/** Octets of lines that wait for a disk that is full, each process for itself; what comes beyond them is lost. */
const KEPT_OCTETS = 16 * 1024 * 1024;

/**
 * Standard output for the lines of a log. Those of a few milliseconds are written together: with many sessions a write for each line costs more than
 * making the line, since it wakes whoever reads them. When the process ends, however it does that by itself, all are written.
 * A disk that is full ends no process: lines wait until there is room.
 */
export function standardOutput(): DestinationStream & { flushSync(): void } {
  const output = pino.destination({ fd: process.stdout.fd, sync: true, maxLength: KEPT_OCTETS });
  // There is nobody to tell: what was not written is kept, and tried again with the next line.
  output.on("error", () => undefined);
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
