import { compressed, shouldCompress } from "../../upstream/imap/commands/compress.ts";
import { roundTripMs } from "../../upstream/imap/connection/round-trip.ts";
import type { Pass } from "../pass.ts";
import type { Lane } from "./lane.ts";

/** A rate is known from this much on. */
const KNOWN_FROM_OCTETS = 256 * 1024;

/**
 * Compresses what the source sends (RFC 4978) where that is wanted: always, or where its distance and the rate that it has shown so far say that it pays.
 * To be called when nothing is asked of the lane's source but what `isQuiet` waits for.
 * @throws {Failure} when the connection is lost
 */
export async function considerCompression(
  pass: Pass,
  lane: Lane,
  isQuiet: () => Promise<void>,
): Promise<void> {
  const mode = pass.deps.copy.compress;
  if (lane.isCompressionDecided || mode === "never" || !lane.source.has("COMPRESS=DEFLATE")) return;
  if (mode === "auto" && lane.brought.octets < KNOWN_FROM_OCTETS) return;
  lane.isCompressionDecided = true;
  await isQuiet();
  const { octets, ms } = lane.brought;
  const octetsPerSecond = ms === 0 ? null : (octets * 1000) / ms;
  const distance = mode === "auto" ? await roundTripMs(lane.source) : 0;
  if (!shouldCompress({ mode, roundTripMs: distance, octetsPerSecond })) return;
  await lane.layer(compressed);
  pass.deps.log.info(
    { event: "copy.pace", ...pass.logFields, lane: lane.name, roundTripMs: Math.round(distance) },
    "what the source sends is compressed from now on",
  );
}
