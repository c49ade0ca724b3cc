import {
  BATCH_MESSAGES,
  BATCH_OCTETS,
  FIRST_WINDOW_UIDS,
  SPARSE_SHARE,
  SPARSE_WINDOW_UIDS,
  WINDOW_UIDS,
} from "./limits.ts";

/** UIDs from `first` to `last`, both included. */
export interface UidWindow {
  readonly first: number;
  readonly last: number;
}

/**
 * The window to list next, going down from `below` (exclusive); `null` at the bottom. They double from the small first one, so that the newest
 * mail comes at once and the rest in few round trips.
 * @param previous the window before, and how many messages it held; `null` for the first
 */
export function nextWindow(
  below: number,
  previous: { readonly window: UidWindow; readonly messages: number } | null,
): UidWindow | null {
  if (below <= 1) return null;
  const last = below - 1;
  return { first: Math.max(1, below - windowUids(previous)), last };
}

/** Cuts messages into batches bounded by count and octets, in their order. A message larger than the bound is a batch of its own. */
export function cutBatches<Message extends { readonly size: number }>(
  messages: readonly Message[],
): Message[][] {
  const batches: Message[][] = [];
  let batch: Message[] = [];
  let octets = 0;
  for (const message of messages) {
    if (batch.length > 0 && (batch.length >= BATCH_MESSAGES || octets + message.size > BATCH_OCTETS)) {
      batches.push(batch);
      batch = [];
      octets = 0;
    }
    batch.push(message);
    octets += message.size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** The two halves of what a broken connection has left, to find the message that breaks it. */
export function halve<Message>(messages: readonly Message[]): Message[][] {
  const middle = Math.ceil(messages.length / 2);
  return [messages.slice(0, middle), messages.slice(middle)].filter((half) => half.length > 0);
}

function windowUids(previous: { readonly window: UidWindow; readonly messages: number } | null): number {
  if (previous === null) return FIRST_WINDOW_UIDS;
  const uids = previous.window.last - previous.window.first + 1;
  const isSparse = previous.messages < uids * SPARSE_SHARE;
  return Math.min(uids * 2, isSparse ? SPARSE_WINDOW_UIDS : WINDOW_UIDS);
}
