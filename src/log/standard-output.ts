import { type DestinationStream, pino } from "pino";

/** How long a line may wait for others. */
const TOGETHER_MS = 10;
/** Octets of lines that wait for a disk that is full, each process for itself; what comes beyond them is lost. */
const KEPT_OCTETS = 16 * 1024 * 1024;

export interface OutputOptions {
  /** Hears how many lines were lost, once there is room again. */
  readonly onLost: (lines: number) => void;
  /** Standard output where absent. */
  readonly fd?: number;
  readonly keptOctets?: number;
}

/**
 * Standard output for the lines of a log. Those of a few milliseconds are written together: with many sessions a write for each line costs more than
 * making the line, since it wakes whoever reads them. When the process ends, however it does that by itself, all are written.
 * A disk that is full ends no process: lines wait until there is room.
 */
export function standardOutput({
  onLost,
  fd = process.stdout.fd,
  keptOctets = KEPT_OCTETS,
}: OutputOptions): DestinationStream & { flushSync(): void } {
  const output = pino.destination({ fd, sync: true, maxLength: keptOctets });
  // There is nobody to tell: what was not written is kept.
  let isKept = false;
  output.on("error", () => {
    isKept = true;
  });
  let lost = 0;
  output.on("drop", (lines: string) => {
    lost += lines.split("\n").length - 1;
  });
  let waiting = "";
  const flushSync = (): void => {
    // Tries what is kept first: pino does not look whether there is room before it drops a line for which there was none.
    if (isKept) {
      isKept = false;
      output.write("");
    }
    if (waiting === "") return;
    const lines = waiting;
    const lostBefore = lost;
    waiting = "";
    output.write(lines);
    if (lost === 0 || lost > lostBefore) return;
    lost = 0;
    onLost(lostBefore);
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
