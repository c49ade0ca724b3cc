import type { MessageDigest, Reader } from "../upstream/imap/reading/reader.ts";
import type { Difference } from "./comparison.ts";
import { difference } from "./differences.ts";
import type { Pair } from "./match.ts";

/** Pairs whose contents are asked for together; both servers read at the same time. */
const PAIRS_A_STEP = 200;

export interface ContentFindings {
  readonly different: readonly Difference[];
  /** Pairs that differ only by what the target must change to store a message. */
  readonly mended: number;
  readonly compared: number;
}

/** Compares what the messages hold, by hashes taken as they stream past. A message that goes away meanwhile is left out. */
export async function compareContents(
  readers: { readonly source: Reader; readonly target: Reader },
  pairs: readonly Pair[],
  signal: AbortSignal | undefined,
  onProgress: (done: number) => void,
): Promise<ContentFindings> {
  const different: Difference[] = [];
  let mended = 0;
  let compared = 0;
  for (let at = 0; at < pairs.length; at += PAIRS_A_STEP) {
    signal?.throwIfAborted();
    const step = pairs.slice(at, at + PAIRS_A_STEP);
    const [fromSource, fromTarget] = await Promise.all([
      byUid(readers.source.digests(step.map((pair) => pair.source))),
      byUid(readers.target.digests(step.map((pair) => pair.target))),
    ]);
    for (const pair of step) {
      const source = fromSource.get(pair.source.uid);
      const target = fromTarget.get(pair.target.uid);
      if (source === undefined || target === undefined) continue;
      compared += 1;
      if (source.exact === target.exact) continue;
      if (source.mended !== target.mended && source.remedied !== target.remedied)
        different.push(unlike(pair, source, target));
      // What the copier mended is counted by the ledger.
      else if (pair.row?.remedy === undefined) mended += 1;
    }
    onProgress(Math.min(at + PAIRS_A_STEP, pairs.length));
  }
  return { different, mended, compared };
}

function unlike(pair: Pair, source: MessageDigest, target: MessageDigest): Difference {
  if (source.octets !== target.octets)
    return difference(
      pair,
      "size",
      `contents differ: ${source.octets} octets at the source and ${target.octets} on the target`,
    );
  return difference(pair, "content", `contents differ, with ${source.octets} octets on both sides`);
}

async function byUid(digests: AsyncIterable<MessageDigest>): Promise<Map<number, MessageDigest>> {
  const found = new Map<number, MessageDigest>();
  for await (const digest of digests) found.set(digest.uid, digest);
  return found;
}
