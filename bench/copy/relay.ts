import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { RelayCounts } from "./delay-relay.ts";

/** A running relay in front of one server. */
export interface Relay {
  readonly port: number;
  /** What it has counted since it was last asked. */
  counts(): Promise<RelayCounts>;
  stop(): Promise<void>;
}

/** Starts a relay to a port of this machine that holds back every piece for half of `roundTripMs` each way. */
export async function startRelay(port: number, roundTripMs: number): Promise<Relay> {
  const program = join(import.meta.dirname, "delay-relay.ts");
  const child = fork(program, [String(port), String(roundTripMs / 2)], { stdio: "inherit" });
  const [own] = (await once(child, "message")) as [number];
  return {
    port: own,
    counts: async () => {
      const answer = once(child, "message") as Promise<[RelayCounts]>;
      child.send("counts");
      return (await answer)[0];
    },
    stop: async () => {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}
