import { TextDecoder } from "node:util";
import type { CsvInput } from "./csv-input.ts";

/** How the file's octets become text. */
export type CsvEncoding = "utf-8" | "windows-1252";

/** One line that is not blank. `text` is null for a line over the limit, which is skipped without being kept. */
export interface CsvLine {
  /** Counted from 1, blank lines included, as editors count. */
  readonly number: number;
  readonly text: string | null;
}

/** No line of addresses is longer; what is, is another kind of file, and must not fill the memory. */
const LINE_LIMIT = 16_384;
/** In UTF-16 as some programs export it, every other octet is NUL; as Latin-1 it would be nonsense. */
const UTF16_MARKS = [Buffer.of(0xff, 0xfe), Buffer.of(0xfe, 0xff)];

/** The file is text in an encoding that is not read here. */
export class CsvEncodingError extends Error {
  override readonly name = "CsvEncodingError";
}

/**
 * Reads the list once to see whether all of it is UTF-8; if not, it is taken for Latin-1 as Windows writes it.
 * @throws {CsvEncodingError} for UTF-16
 */
export async function detectEncoding(input: CsvInput, signal?: AbortSignal): Promise<CsvEncoding> {
  const strict = new TextDecoder("utf-8", { fatal: true });
  let isStart = true;
  for await (const chunk of input.octets(signal)) {
    if (isStart && UTF16_MARKS.some((mark) => chunk.subarray(0, 2).equals(mark)))
      throw new CsvEncodingError(`${input.name} is UTF-16; save it as UTF-8 (in a spreadsheet: "CSV UTF-8")`);
    isStart = false;
    if (!decodes(strict, chunk)) return "windows-1252";
  }
  return decodes(strict) ? "utf-8" : "windows-1252";
}

/** The lines of the list with whatever line ends, a few thousand at a time, blank ones left out. */
export async function* readLines(
  input: CsvInput,
  encoding: CsvEncoding,
  signal?: AbortSignal,
): AsyncGenerator<CsvLine[]> {
  const splitter = new LineSplitter();
  const decoder = new TextDecoder(encoding);
  for await (const chunk of input.octets(signal))
    yield splitter.push(decoder.decode(chunk, { stream: true }));
  yield splitter.push(`${decoder.decode()}\n`);
}

/** Cuts text that comes in pieces into lines. */
class LineSplitter {
  #rest = "";
  #number = 0;
  /** Whether the line under way has been given up as too long. */
  #isSkipping = false;

  push(piece: string): CsvLine[] {
    const text = this.#rest + piece;
    // A CR at the end may be half of a CRLF.
    const end = text.endsWith("\r") ? text.length - 1 : text.length;
    const parts = text.slice(0, end).split(/\r\n|\n|\r/);
    const last = parts.pop() ?? "";
    const lines = parts.flatMap((part) => this.#line(part));
    if (last.length > LINE_LIMIT) this.#isSkipping = true;
    this.#rest = (this.#isSkipping ? "" : last) + text.slice(end);
    return lines;
  }

  #line(text: string): CsvLine[] {
    this.#number += 1;
    const isTooLong = this.#isSkipping || text.length > LINE_LIMIT;
    this.#isSkipping = false;
    if (!isTooLong && text.trim() === "") return [];
    return [{ number: this.#number, text: isTooLong ? null : text }];
  }
}

/** Without a chunk: whether the text may end here. */
function decodes(decoder: TextDecoder, chunk?: Buffer): boolean {
  try {
    decoder.decode(chunk, { stream: chunk !== undefined });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_ENCODING_INVALID_ENCODED_DATA") throw error;
    return false;
  }
}
