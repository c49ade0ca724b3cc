import type { RelayCounts } from "./delay-relay.ts";
import type { Figures } from "./measure.ts";
import type { Cell } from "./plan.ts";
import type { Seeded } from "./seed.ts";

/** What is known of one contestant in one cell. */
export interface Row {
  readonly cell: Cell;
  readonly contestant: string;
  readonly seeded: Seeded;
  readonly runs: Figures[];
  /** A second run over the same mailbox, with nothing to do. */
  readonly unchanged: Figures[];
  /** `null` = the copy was compared and is exact; `undefined` = not compared. */
  difference: string | null | undefined;
  /** Why a run failed. */
  failure: string | null;
}

/** What a pass without change sends to either side. */
export interface UnchangedTraffic {
  readonly cell: Cell;
  readonly source: RelayCounts;
  readonly target: RelayCounts;
}

/** From the OK of the first login to the moment at which the newest 50 messages of the INBOX can be read at the target. */
export interface Newest {
  readonly cell: Cell;
  readonly ms: readonly number[];
}

/** All that a benchmark has found. */
export interface Results {
  readonly rows: Row[];
  readonly traffic: UnchangedTraffic[];
  readonly newest: Newest[];
}

/** The middle of the values; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Whole run of the process, in seconds. */
export function wallS(figures: readonly Figures[]): number {
  return median(figures.map(({ wallMs }) => wallMs)) / 1000;
}

/** Without the start of Node; where a program does not say it, the whole run. */
export function passS(figures: readonly Figures[]): number {
  return median(figures.map(({ own, wallMs }) => own?.passMs ?? wallMs)) / 1000;
}

/** As `passS`, of the processor. */
export function passCpuS(figures: readonly Figures[]): number {
  return median(figures.map(({ own, cpuMs }) => own?.passCpuMs ?? cpuMs)) / 1000;
}
