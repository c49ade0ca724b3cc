/** What ends a command. */
export const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;
export type StopSignal = (typeof STOP_SIGNALS)[number];

/** 128 and the signal's number, as shells count. */
export const STATUS_OF_SIGNAL: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** The reason with which everything under way is told to stop; it bears the name that such reasons have. */
export class StoppedBySignal extends Error {
  override readonly name = "AbortError";
  readonly exitStatus: number;

  constructor(signal: StopSignal) {
    super(`stopped by ${signal}`);
    this.exitStatus = STATUS_OF_SIGNAL[signal];
  }
}
