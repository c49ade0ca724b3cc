import type { Row } from "./passwd-row.ts";

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const HASH_SEED = 0x811c9dc5 | 0;

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
 * Reads the file once and asks `decide` about each row of the users given. Comments and empty lines are no rows. Holds one chunk and one
 * line at a time. A million rows for one user are the usual case, so a row becomes text only when a hash of its octets says
 * that it may be one of them.
 */
export async function findEdits(
  chunks: AsyncIterable<Buffer>,
  users: ReadonlySetLike<Row>,
  decide: Decide,
): Promise<Findings> {
  const edits: Edit[] = [];
  const sieve = sieveOf(users);
  let rest: Buffer = Buffer.alloc(0);
  let restAt = 0;
  for await (const chunk of chunks) {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const length = lookThrough(data);
    rest = data.subarray(length);
    restAt += length;
  }
  if (rest.length > 0) lookAt(rest, 0, rest.length, 0);
  return { edits, endsOpen: rest.length > 0 };

  /** Returns how many octets of whole lines there were. */
  function lookThrough(data: Buffer): number {
    let start = 0;
    for (let end = data.indexOf(LF); end >= 0; end = data.indexOf(LF, start)) {
      let hash = HASH_SEED;
      let at = start;
      for (; at < end && data[at] !== COLON; at += 1) hash = hashOn(hash, data[at] as number);
      // Without a colon the name may have a CR behind it, so the hash is not the name's.
      if (at === end || mayHold(sieve, hash)) lookAt(data, start, end, 1);
      start = end + 1;
    }
    return start;
  }

  function lookAt(data: Buffer, start: number, lineEnd: number, endLength: number): void {
    const end = lineEnd > start && data[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    const row = data.toString("latin1", start, end);
    const user = row.split(":", 1)[0] ?? "";
    if (!users.has(user) || user.startsWith("#")) return;
    const changed = decide(user, row);
    if (changed === row) return;
    const removedTo = changed === null ? lineEnd + endLength : end;
    edits.push({
      start: restAt + start,
      end: restAt + removedTo,
      octets: Buffer.from(changed ?? "", "latin1"),
    });
  }
}

/** One bit for each hash that a name of these has; about one in sixteen is set. The length is a power of two. */
function sieveOf(users: ReadonlySetLike<Row>): Uint8Array {
  const sieve = new Uint8Array(1 << (32 - Math.clz32(users.size * 2)));
  const names = users.keys();
  for (let name = names.next(); !name.done; name = names.next()) {
    let hash = HASH_SEED;
    for (let at = 0; at < name.value.length; at += 1) hash = hashOn(hash, name.value.charCodeAt(at));
    const place = placeIn(sieve, hash);
    sieve[place] = (sieve[place] as number) | bitOf(hash);
  }
  return sieve;
}

function mayHold(sieve: Uint8Array, hash: number): boolean {
  return ((sieve[placeIn(sieve, hash)] as number) & bitOf(hash)) !== 0;
}

function placeIn(sieve: Uint8Array, hash: number): number {
  return (hash >>> 3) & (sieve.length - 1);
}

function bitOf(hash: number): number {
  return 1 << (hash & 7);
}

/** FNV-1a: quick, and good enough to pass by nearly all rows of others. */
function hashOn(hash: number, octet: number): number {
  return Math.imul(hash ^ octet, 16_777_619);
}

/** The file's octets with the edits in place. */
export async function* withEdits(
  chunks: AsyncIterable<Buffer>,
  edits: readonly Edit[],
): AsyncGenerator<Buffer> {
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
