import {
  SPARSE_SHARE,
  SPARSE_WINDOW_UIDS,
  WAVE_MEASURED_MS,
  WAVE_MESSAGES,
  WAVE_OCTETS,
  WAVE_OCTETS_LEAST,
  WAVE_SECONDS,
  WINDOW_GROWTH,
  WINDOW_UIDS,
} from "../limits.ts";
import type { Throughput } from "./lane.ts";

/** UIDs from `first` to `last`, both included. */
export interface UidWindow {
  readonly first: number;
  readonly last: number;
}

/** UIDs in the window after one that held `messages`: they grow from a small first one, so that the newest mail comes at once and the rest in few round trips. */
export function nextWindowUids(previous: { readonly window: UidWindow; readonly messages: number }): number {
  const uids = previous.window.last - previous.window.first + 1;
  const isSparse = previous.messages < uids * SPARSE_SHARE;
  return Math.min(uids * WINDOW_GROWTH, isSparse ? SPARSE_WINDOW_UIDS : WINDOW_UIDS);
}

/**
 * Octets of the next waves: of as much as the source gives in a few seconds, so that a slow copy is seen to get on and a crash leaves little to look for.
 * @param portion what the cap allows at once; `null` = no cap
 * @param brought what the source has given so far
 */
export function waveOctets(portion: number | null, { octets, ms }: Throughput): number {
  const most = Math.min(WAVE_OCTETS, portion ?? WAVE_OCTETS);
  if (ms < WAVE_MEASURED_MS) return most;
  return Math.min(most, Math.max(WAVE_OCTETS_LEAST, Math.ceil((octets / ms) * 1_000 * WAVE_SECONDS)));
}

/** Cuts messages into waves bounded by count and octets, in their order. A message larger than the bound is a wave of its own. */
export function cutWaves<Message extends { readonly size: number }>(
  messages: readonly Message[],
  limitOctets: number = WAVE_OCTETS,
): Message[][] {
  const waves: Message[][] = [];
  let wave: Message[] = [];
  let octets = 0;
  for (const message of messages) {
    if (wave.length > 0 && (wave.length >= WAVE_MESSAGES || octets + message.size > limitOctets)) {
      waves.push(wave);
      wave = [];
      octets = 0;
    }
    wave.push(message);
    octets += message.size;
  }
  if (wave.length > 0) waves.push(wave);
  return waves;
}

/** The two halves of what may have broken a connection, to find the message that does. */
export function halve<Message>(messages: readonly Message[]): Message[][] {
  const middle = Math.ceil(messages.length / 2);
  return [messages.slice(0, middle), messages.slice(middle)].filter((half) => half.length > 0);
}
