import type { LoadResult } from "./load-job.ts";
import type { Cell } from "./plan.ts";

/** One run of a cell. */
export interface Figures extends LoadResult {
  /** Processor time of the contestant meanwhile; `null` where nothing stands between. */
  readonly cpuUs: number | null;
  /** What each idle session has added to its memory; 0 in other cells. */
  readonly octetsPerSession: number;
}

/** What is known of one contestant in one cell. */
export interface Row {
  readonly cell: Cell;
  readonly contestant: string;
  readonly runs: Figures[];
  /** Why a run failed. */
  failure: string | null;
}

export type Results = readonly Row[];

/** The middle of the values; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Median over the runs of a row. */
export function middleOf(row: Row, value: (run: Figures) => number): number {
  return median(row.runs.map(value));
}

/** Logins or NOOPs a second. */
export const perSecond = ({ count, ms }: Figures): number => (count * 1000) / ms;
/** Processor time of each, microseconds. */
export const cpuEach = ({ cpuUs, count }: Figures): number => (cpuUs ?? Number.NaN) / count;
export const megabytesPerSecond = ({ octets, ms }: Figures): number => octets / 1000 / ms;
export const cpuSecondsPerGigabyte = ({ cpuUs, octets }: Figures): number =>
  ((cpuUs ?? Number.NaN) / octets) * 1000;
export const resumedShare = ({ resumed, count }: Figures): number => resumed / count;
export const kilobytesPerSession = ({ octetsPerSession }: Figures): number => octetsPerSession / 1000;

/** The row of a contestant in the cell that is like this one, if it has figures. */
export function rowOf(results: Results, contestant: string, like: Cell): Row | undefined {
  const wanted = JSON.stringify(like);
  return results.find(
    (row) => row.contestant === contestant && row.runs.length > 0 && JSON.stringify(row.cell) === wanted,
  );
}
