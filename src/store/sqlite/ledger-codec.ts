import { deflateRawSync, inflateRawSync } from "node:zlib";
import { invariant } from "../../kit/invariant.ts";
import type { LedgerEntry } from "../../model/ledger.ts";
import { ColumnReader, ColumnWriter, LedgerFormatError } from "./ledger-columns.ts";
import { readRareFields, writeRareFields } from "./ledger-rare-fields.ts";

/** First octet of a blob: how the columns behind it are kept. */
const PLAIN = 1;
const DEFLATED = 2;
/** Below this many octets compression costs more than it saves. */
const DEFLATE_FROM_OCTETS = 64;

/**
 * Ledger entries as octets: column by column, so that what is alike stands together. UIDs and flags are runs, dates differences, and the
 * whole is compressed where that pays.
 * @param entries by strictly ascending source UID
 */
export function encodeEntries(entries: readonly LedgerEntry[]): Buffer {
  const writer = new ColumnWriter();
  writer.uint(entries.length);
  writeSourceUids(writer, entries);
  writeTargetUids(writer, entries);
  writeFlags(writer, entries);
  writeDates(writer, entries);
  for (const entry of entries) writer.uint(entry.size);
  writeRefusals(writer, entries);
  writeRareFields(writer, entries);
  const plain = writer.finish();
  if (plain.length >= DEFLATE_FROM_OCTETS) {
    const deflated = deflateRawSync(plain);
    if (deflated.length < plain.length) return Buffer.concat([Buffer.of(DEFLATED), deflated]);
  }
  return Buffer.concat([Buffer.of(PLAIN), plain]);
}

/**
 * What `encodeEntries` was given.
 * @throws {LedgerFormatError} when the octets are damaged
 */
export function decodeEntries(blob: Buffer): LedgerEntry[] {
  const plain = plainOf(blob);
  const reader = new ColumnReader(plain);
  const count = reader.uint();
  // Every entry has a date and a size of its own: a greater count is damage, and would fill the memory before it shows.
  if (count * 2 > plain.length)
    throw new LedgerFormatError("a record of the ledger claims more than it holds");
  const sourceUids = readSourceUids(reader, count);
  const targetUids = readTargetUids(reader, count);
  const flags = readFlags(reader, count);
  const dates = readDates(reader, count);
  const sizes = Array.from({ length: count }, () => reader.uint());
  const refusals = readRefusals(reader);
  const rare = reader.atEnd ? null : readRareFields(reader);
  if (!reader.atEnd) throw new LedgerFormatError("a record of the ledger has something behind its end");
  return sourceUids.map((sourceUid, at) => {
    const entry: LedgerEntry = {
      sourceUid,
      targetUid: targetUids[at] ?? null,
      flags: flags[at] ?? [],
      internalDate: dates[at] ?? 0,
      size: sizes[at] ?? 0,
      refusal: refusals.get(at) ?? null,
    };
    const fields = rare?.get(at);
    return fields === undefined ? entry : { ...entry, ...fields };
  });
}

function plainOf(blob: Buffer): Buffer {
  const rest = blob.subarray(1);
  switch (blob[0]) {
    case PLAIN:
      return rest;
    case DEFLATED:
      try {
        return inflateRawSync(rest);
      } catch (error) {
        throw new LedgerFormatError("a record of the ledger cannot be unpacked", { cause: error });
      }
    default:
      throw new LedgerFormatError(`a record of the ledger has the unknown form ${blob[0]}`);
  }
}

/** Runs of successive UIDs: the gap before the run, its length. */
function writeSourceUids(writer: ColumnWriter, entries: readonly LedgerEntry[]): void {
  let expected = 0;
  const uids = entries.map(({ sourceUid }) => sourceUid);
  for (const { first, length } of runs(uids, (a, b) => b === a + 1)) {
    invariant(first >= expected, "ledger entries ascend by source UID");
    writer.uint(first - expected);
    writer.uint(length);
    expected = first + length;
  }
}

function readSourceUids(reader: ColumnReader, count: number): number[] {
  const uids: number[] = [];
  for (let next = 0; uids.length < count; ) {
    next += reader.uint();
    for (let left = runLength(reader, count - uids.length); left > 0; left -= 1) uids.push(next++);
  }
  return uids;
}

/** Runs of successive target UIDs, or of none: length and kind in one number, then the step from where the last run ended. */
function writeTargetUids(writer: ColumnWriter, entries: readonly LedgerEntry[]): void {
  let expected = 0;
  const uids = entries.map(({ targetUid }) => targetUid);
  for (const { first, length } of runs(uids, (a, b) => b === (a === null ? null : a + 1))) {
    writer.uint(length * 2 + (first === null ? 0 : 1));
    if (first === null) continue;
    writer.int(first - expected);
    expected = first + length;
  }
}

function readTargetUids(reader: ColumnReader, count: number): (number | null)[] {
  const uids: (number | null)[] = [];
  for (let next = 0; uids.length < count; ) {
    const head = reader.uint();
    const length = checkedRun(Math.floor(head / 2), count - uids.length);
    const present = head % 2 === 1;
    if (present) next += reader.int();
    for (let left = length; left > 0; left -= 1) uids.push(present ? next++ : null);
  }
  return uids;
}

/** A list of the distinct flag sets, then runs of messages that share one. */
function writeFlags(writer: ColumnWriter, entries: readonly LedgerEntry[]): void {
  const sets = new Map<string, number>();
  // Entries share their lists mostly: a list that was seen need not be read again.
  const seen = new Map<readonly string[], number>();
  const numbers = entries.map(({ flags }) => {
    const known = seen.get(flags);
    if (known !== undefined) return known;
    const key = JSON.stringify(flags);
    const set = sets.get(key) ?? sets.size;
    sets.set(key, set);
    seen.set(flags, set);
    return set;
  });
  writer.uint(sets.size);
  for (const key of sets.keys()) {
    const flags = JSON.parse(key) as string[];
    writer.uint(flags.length);
    for (const flag of flags) writer.text(flag);
  }
  for (const { first, length } of runs(numbers, (a, b) => a === b)) {
    writer.uint(length);
    writer.uint(first);
  }
}

function readFlags(reader: ColumnReader, count: number): (readonly string[])[] {
  const sets: (readonly string[])[] = [];
  for (let left = reader.uint(); left > 0; left -= 1) {
    const flags: string[] = [];
    for (let more = reader.uint(); more > 0; more -= 1) flags.push(reader.text());
    sets.push(Object.freeze(flags));
  }
  const found: (readonly string[])[] = [];
  while (found.length < count) {
    const length = runLength(reader, count - found.length);
    const set = sets[reader.uint()];
    if (set === undefined)
      throw new LedgerFormatError("a record of the ledger names flags that it does not list");
    for (let left = length; left > 0; left -= 1) found.push(set);
  }
  return found;
}

function writeDates(writer: ColumnWriter, entries: readonly LedgerEntry[]): void {
  let last = 0;
  for (const { internalDate } of entries) {
    writer.int(internalDate - last);
    last = internalDate;
  }
}

function readDates(reader: ColumnReader, count: number): number[] {
  let last = 0;
  return Array.from({ length: count }, () => (last += reader.int()));
}

/** Few or none: position and text of each. */
function writeRefusals(writer: ColumnWriter, entries: readonly LedgerEntry[]): void {
  const refused = entries.filter(({ refusal }) => refusal !== null);
  writer.uint(refused.length);
  if (refused.length === 0) return;
  entries.forEach(({ refusal }, at) => {
    if (refusal === null) return;
    writer.uint(at);
    writer.text(refusal);
  });
}

function readRefusals(reader: ColumnReader): Map<number, string> {
  const refusals = new Map<number, string>();
  for (let left = reader.uint(); left > 0; left -= 1) refusals.set(reader.uint(), reader.text());
  return refusals;
}

function runLength(reader: ColumnReader, room: number): number {
  return checkedRun(reader.uint(), room);
}

function checkedRun(length: number, room: number): number {
  if (length === 0 || length > room)
    throw new LedgerFormatError("a record of the ledger has a run of impossible length");
  return length;
}

/** Cuts a list where `joined` does not hold between neighbours: the first item of each run, and how many it has. */
function* runs<T>(
  list: readonly T[],
  joined: (a: T, b: T) => boolean,
): Generator<{ readonly first: T; readonly length: number }, void, undefined> {
  let begin = 0;
  for (let at = 1; at <= list.length; at += 1) {
    if (at < list.length && joined(list[at - 1] as T, list[at] as T)) continue;
    yield { first: list[begin] as T, length: at - begin };
    begin = at;
  }
}
