import { LADDER_STEPS, type LedgerEntry, type RefusedStep, type Remedy } from "../../model/ledger.ts";
import { type ColumnReader, type ColumnWriter, LedgerFormatError } from "./ledger-columns.ts";

/** Fields that few entries have. */
type RareFields = Pick<
  LedgerEntry,
  "remedy" | "subject" | "steps" | "tryAgain" | "goneSince" | "flagsUnderWay" | "moveUnderWay"
>;

/** Which of the fields follow, in one number. */
const HAS_REMEDY = 1;
const HAS_SUBJECT = 2;
const HAS_STEPS = 4;
const HAS_GONE = 8;
const HAS_FLAGS_UNDER_WAY = 16;
const HAS_MOVE_UNDER_WAY = 32;
const HAS_TRY_AGAIN = 64;

/** Where no entry has any, nothing at all is written: the record ends before. */
export function writeRareFields(writer: ColumnWriter, entries: readonly LedgerEntry[]): void {
  const some = entries.filter((entry) => bitsOf(entry) > 0);
  if (some.length === 0) return;
  writer.uint(some.length);
  let expected = 0;
  let at = -1;
  for (const entry of some) {
    at = entries.indexOf(entry, at + 1);
    // The gap, so that a folder that is gone as a whole costs next to nothing.
    writer.uint(at - expected);
    expected = at + 1;
    writer.uint(bitsOf(entry));
    if (entry.remedy !== undefined) writer.uint(LADDER_STEPS.indexOf(entry.remedy));
    if (entry.subject !== undefined) writer.text(entry.subject);
    if (entry.goneSince !== undefined) writer.uint(entry.goneSince);
    if (entry.flagsUnderWay !== undefined) {
      writer.uint(entry.flagsUnderWay.length);
      for (const flag of entry.flagsUnderWay) writer.text(flag);
    }
    if (entry.steps === undefined) continue;
    writer.uint(entry.steps.length);
    for (const { step, words } of entry.steps) {
      writer.uint(LADDER_STEPS.indexOf(step));
      writer.text(words);
    }
  }
}

function bitsOf(fields: RareFields): number {
  const { remedy, subject, steps, tryAgain, goneSince, flagsUnderWay, moveUnderWay } = fields;
  return (
    (remedy === undefined ? 0 : HAS_REMEDY) +
    (subject === undefined ? 0 : HAS_SUBJECT) +
    (steps === undefined ? 0 : HAS_STEPS) +
    (tryAgain === undefined ? 0 : HAS_TRY_AGAIN) +
    (goneSince === undefined ? 0 : HAS_GONE) +
    (flagsUnderWay === undefined ? 0 : HAS_FLAGS_UNDER_WAY) +
    (moveUnderWay === undefined ? 0 : HAS_MOVE_UNDER_WAY)
  );
}

/**
 * What `writeRareFields` was given, by place in the list.
 * @throws {LedgerFormatError} when the octets are damaged
 */
export function readRareFields(reader: ColumnReader): Map<number, RareFields> {
  const fields = new Map<number, RareFields>();
  let at = -1;
  for (let left = reader.uint(); left > 0; left -= 1) {
    at += reader.uint() + 1;
    const bits = reader.uint();
    if (bits >= HAS_TRY_AGAIN * 2)
      throw new LedgerFormatError("a record of the ledger has fields that this version does not know");
    fields.set(at, {
      ...(bits & HAS_REMEDY ? { remedy: readStep(reader) as Remedy } : {}),
      ...(bits & HAS_SUBJECT ? { subject: reader.text() } : {}),
      ...(bits & HAS_GONE ? { goneSince: reader.uint() } : {}),
      ...(bits & HAS_FLAGS_UNDER_WAY ? { flagsUnderWay: readTexts(reader) } : {}),
      ...(bits & HAS_MOVE_UNDER_WAY ? { moveUnderWay: true } : {}),
      ...(bits & HAS_TRY_AGAIN ? { tryAgain: true } : {}),
      ...(bits & HAS_STEPS ? { steps: readSteps(reader) } : {}),
    });
  }
  return fields;
}

function readTexts(reader: ColumnReader): string[] {
  const texts: string[] = [];
  for (let left = reader.uint(); left > 0; left -= 1) texts.push(reader.text());
  return texts;
}

function readSteps(reader: ColumnReader): RefusedStep[] {
  const steps: RefusedStep[] = [];
  for (let left = reader.uint(); left > 0; left -= 1)
    steps.push({ step: readStep(reader), words: reader.text() });
  return steps;
}

function readStep(reader: ColumnReader): RefusedStep["step"] {
  const step = LADDER_STEPS[reader.uint()];
  if (step === undefined) throw new LedgerFormatError("a record of the ledger names an unknown step");
  return step;
}
