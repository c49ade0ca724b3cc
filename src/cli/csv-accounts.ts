import { printable } from "../kit/text.ts";
import type { NewAccount } from "../model/account.ts";
import { accountOf, isTelling, type Layout, layoutOf, NO_HEADER } from "./csv-columns.ts";
import { type Delimiter, detectDelimiter, type Fields, splitLines } from "./csv-fields.ts";
import type { CsvInput } from "./csv-input.ts";
import { type CsvLine, detectEncoding, readLines } from "./csv-lines.ts";

/** A line of which no account was made. */
export interface Rejection {
  readonly line: number;
  /** What stands where the address should. */
  readonly value: string;
  readonly reason: string;
}

/** What some thousand lines gave. */
export interface CsvBatch {
  readonly accounts: readonly NewAccount[];
  readonly rejected: readonly Rejection[];
}

/** The accounts of one CSV file for one domain. It may be read several times: nothing of it is kept. */
export interface CsvAccounts {
  readonly layout: Layout;
  batches(signal?: AbortSignal): AsyncGenerator<CsvBatch>;
}

/** The header does not say which column holds what. */
export class CsvHeaderError extends Error {
  override readonly name = "CsvHeaderError";
}

/**
 * Finds out how the list is written: encoding, separator, header.
 * @throws {CsvHeaderError} and {CsvEncodingError} with what to do; system errors where it cannot be read
 */
export async function openCsv(input: CsvInput, domain: string, signal?: AbortSignal): Promise<CsvAccounts> {
  const encoding = await detectEncoding(input, signal);
  const first = await firstLines(readLines(input, encoding, signal));
  const delimiter = detectDelimiter(
    first.flatMap((line) => line.text ?? []),
    isTelling,
  );
  const top = first[0];
  const header = typeof top?.text === "string" ? headerOf(splitLines([top.text], delimiter)[0]) : null;
  if (header !== null && header.positions.address === undefined)
    throw new CsvHeaderError(
      `the header of ${input.name} has no column "address"; known columns are address, source_login, password, name, quota`,
    );
  if (header !== null && header.twice !== null)
    throw new CsvHeaderError(
      `the header of ${input.name} has the column "${header.twice}" twice: rename the one that is not meant`,
    );
  const layout = header ?? NO_HEADER;
  const headerLine = header === null ? null : (top?.number ?? null);
  return {
    layout,
    async *batches(signal) {
      for await (const lines of readLines(input, encoding, signal)) {
        yield batchOf(
          lines.filter((line) => line.number !== headerLine),
          delimiter,
          layout,
          domain,
        );
      }
    },
  };
}

async function firstLines(batches: AsyncGenerator<CsvLine[]>): Promise<CsvLine[]> {
  for await (const lines of batches) if (lines.length > 0) return lines;
  return [];
}

function headerOf(fields: Fields | undefined): Layout | null {
  return fields === undefined || "problem" in fields ? null : layoutOf(fields);
}

function batchOf(lines: readonly CsvLine[], delimiter: Delimiter, layout: Layout, domain: string): CsvBatch {
  const accounts: NewAccount[] = [];
  const rejected: Rejection[] = [];
  const texts: string[] = [];
  const numbers: number[] = [];
  for (const { number, text } of lines) {
    if (text === null)
      rejected.push({ line: number, value: "", reason: "the line is longer than any account needs" });
    else {
      texts.push(text);
      numbers.push(number);
    }
  }
  for (const [at, fields] of splitLines(texts, delimiter).entries()) {
    const line = numbers[at] ?? 0;
    // A line that does not fall into fields may hold a password anywhere, so nothing of it is shown.
    if ("problem" in fields) rejected.push({ line, value: "", reason: fields.problem });
    // A blank row of a spreadsheet: separators and nothing else.
    else if (fields.every((field) => field === "")) continue;
    else {
      const outcome = accountOf(fields, layout, domain);
      if ("problem" in outcome) {
        const value = printable(fields[layout.positions.address ?? 0] ?? "");
        rejected.push({ line, value, reason: outcome.problem });
      } else accounts.push(outcome);
    }
  }
  return { accounts, rejected: rejected.sort((a, b) => a.line - b.line) };
}
