import {
  SPARSE_SHARE,
  SPARSE_WINDOW_UIDS,
  WAVE_MESSAGES,
  WAVE_OCTETS,
  WINDOW_GROWTH,
  WINDOW_UIDS,
} from "../limits.ts";

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
