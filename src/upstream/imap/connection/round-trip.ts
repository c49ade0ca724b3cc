import { noop } from "../commands/noop.ts";
import type { ImapConnection } from "./connection.ts";

/** An odd number, so that there is a middle; one hiccup of the network or the server does not decide. */
const SAMPLES = 5;

/**
 * How long a server takes to answer what costs it nothing (NOOP): the middle of a few, in milliseconds. No other command may be under way.
 * @throws {Failure}
 */
export async function roundTripMs(connection: ImapConnection): Promise<number> {
  const samples: number[] = [];
  for (let i = 0; i < SAMPLES; i += 1) {
    const from = performance.now();
    await noop(connection);
    samples.push(performance.now() - from);
  }
  return samples.sort((a, b) => a - b)[(SAMPLES - 1) / 2] as number;
}
