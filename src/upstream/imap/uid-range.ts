import { ResponseError } from "../../wire/imap/response-reader.ts";

/** UIDs from one to another, both included; `from` is never above `to`. */
export interface UidRange {
  readonly from: number;
  readonly to: number;
}

/** RFC 9051 §9, nz-number: 32 bits. */
const LAST_UID = 4_294_967_295;

/**
 * The ranges of a set as servers say it (RFC 9051 §9, uid-set): `4,9:7` is 4 to 4, then 7 to 9. They come one at a time, so that a line of
 * megabytes costs no more memory than it has.
 * @throws {ResponseError} for what is no such set
 */
export function* readUidRanges(text: string): Generator<UidRange, void, undefined> {
  let at = 0;
  while (at < text.length) {
    const comma = text.indexOf(",", at);
    const end = comma < 0 ? text.length : comma;
    yield readRange(text.slice(at, end));
    at = end + 1;
  }
}

function readRange(text: string): UidRange {
  const ends = /^([0-9]{1,10})(?::([0-9]{1,10}))?$/.exec(text);
  if (ends === null) throw new ResponseError("a set of UIDs that is none");
  const [one, other] = [Number(ends[1]), Number(ends[2] ?? ends[1])];
  const [from, to] = one <= other ? [one, other] : [other, one];
  if (from < 1 || to > LAST_UID) throw new ResponseError("a UID that is none");
  return { from, to };
}

/** UIDs as ranges, each as long as it can be. They must be ascending and without repetition. */
export function uidRangesOf(uids: readonly number[]): UidRange[] {
  const ranges: UidRange[] = [];
  let from: number | undefined;
  for (const [i, uid] of uids.entries()) {
    from ??= uid;
    if (uids[i + 1] === uid + 1) continue;
    ranges.push({ from, to: uid });
    from = undefined;
  }
  return ranges;
}
