import { noop } from "../../upstream/imap/commands/noop.ts";
import type { Lane } from "../lanes/lane.ts";
import { LATENCY_EVERY_MS } from "../limits.ts";
import type { Pass } from "../pass.ts";

/**
 * To be called between two waves: takes the source's answering time now and then, while nothing else is asked of it over this lane, and waits where it is slow.
 * @throws {Failure} `source-wait` when the connection is needed for a login; what the connection was lost for
 */
export async function keepPace(pass: Pass, lane: Lane): Promise<void> {
  const { governor, clock } = pass.deps;
  const { source } = pass.domain;
  const now = clock.now();
  // Behind a listing that is under way it would be the listing's time.
  if (now - lane.measuredAt >= LATENCY_EVERY_MS && lane.source.isIdle) {
    if (lane.measuredAt > 0) {
      await noop(lane.source);
      governor.noteLatency(source, clock.now() - now);
    }
    lane.measuredAt = clock.now();
  }
  await governor.pace(source, pass.ending);
}
