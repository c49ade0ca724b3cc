import type { Row } from "./passwd-row.ts";

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;

/** A run of octets of the file and what comes in its place. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly octets: Buffer;
}

/** What to do with a row that was found: `null` removes it with its line end. */
export type Decide = (user: Row, row: Row) => Row | null;

/** What a look through the file has found. */
export interface Findings {
  /** By ascending position; rows that stay as they are have none. */
  readonly edits: Edit[];
  /** Whether the last line has no line end, so that a row behind it needs one first. */
  readonly endsOpen: boolean;
}

/**
 * Reads the file once and asks `decide` about each row whose user `isWanted`. Comments and empty lines are no rows. Holds one chunk and
 * one line at a time.
 */
export async function findEdits(
  chunks: AsyncIterable<Buffer>,
  isWanted: (user: Row) => boolean,
  decide: Decide,
): Promise<Findings> {
  const edits: Edit[] = [];
  let rest: Buffer = Buffer.alloc(0);
  let restAt = 0;
  for await (const chunk of chunks) {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = data.indexOf(LF); end >= 0; end = data.indexOf(LF, start)) {
      lookAt(data, start, end, restAt, 1);
      start = end + 1;
    }
    rest = data.subarray(start);
    restAt += start;
  }
  if (rest.length > 0) lookAt(rest, 0, rest.length, restAt, 0);
  return { edits, endsOpen: rest.length > 0 };

  function lookAt(data: Buffer, start: number, lineEnd: number, offset: number, endLength: number): void {
    const end = lineEnd > start && data[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    const colon = data.indexOf(COLON, start);
    const user = data.toString("latin1", start, colon < 0 || colon > end ? end : colon);
    if (!isWanted(user) || user.startsWith("#")) return;
    const row = data.toString("latin1", start, end);
    const changed = decide(user, row);
    if (changed === row) return;
    const removedTo = changed === null ? lineEnd + endLength : end;
    edits.push({ start: offset + start, end: offset + removedTo, octets: Buffer.from(changed ?? "", "latin1") });
  }
}

/** The file's octets with the edits in place. */
export async function* withEdits(chunks: AsyncIterable<Buffer>, edits: readonly Edit[]): AsyncGenerator<Buffer> {
  let next = 0;
  let at = 0;
  /** Everything before this position has been passed on or replaced; an edit may reach into the next chunk. */
  let done = 0;
  for await (const chunk of chunks) {
    const end = at + chunk.length;
    for (let edit = edits[next]; edit !== undefined && edit.start < end; edit = edits[++next]) {
      if (edit.start > done) yield chunk.subarray(done - at, edit.start - at);
      yield edit.octets;
      done = edit.end;
    }
    if (done < end) {
      yield chunk.subarray(Math.max(0, done - at));
      done = end;
    }
    at = end;
  }
}
