import { type DestinationStream, pino } from "pino";

/**
 * Standard output for the lines of a log. Those of one turn of the event loop are written together: with many sessions a write of its own for each line
 * costs more than making the line. Written are they all the same before anything else is waited for, and when the process ends.
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
      if (waiting === "") setImmediate(flushSync);
      waiting += line;
    },
    flushSync,
  };
}
