import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";

/** A list that can be read as often as is wanted. */
export interface CsvInput {
  /** As it is called in messages. */
  readonly name: string;
  octets(signal?: AbortSignal): AsyncIterable<Buffer>;
}

/** The list comes out of something that has no end, or not soon enough. */
export class CsvTooLongError extends Error {
  override readonly name = "CsvTooLongError";
}

/** What the list is called by whose words come from standard input. */
const STANDARD_INPUT: ReadonlySet<string> = new Set(["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"]);
/**
 * Most that is taken from a pipe, over a million lines. An import reads its list several times, so this much is kept, and in memory: passwords
 * that stand in it must not come onto a disk.
 */
const PIPE_LIMIT_OCTETS = 128 * 1024 * 1024;
/** Octets read at once: some thousand lines. */
const CHUNK_OCTETS = 65_536;

/**
 * The list that `name` stands for: a file, `-` for standard input, or a pipe such as `/dev/stdin`. What is no file is read to its end here.
 * @param limitOctets most that a pipe may bring
 * @throws {CsvTooLongError}; system errors for a pipe that cannot be read, for a file only when its octets are asked for
 */
export async function openInput(
  name: string,
  stdin: Readable,
  signal?: AbortSignal,
  limitOctets = PIPE_LIMIT_OCTETS,
): Promise<CsvInput> {
  if (STANDARD_INPUT.has(name)) return await kept("standard input", stdin, limitOctets, signal);
  if (await isReadAgain(name)) return { name, octets: (again) => octetsOf(name, again) };
  return await kept(name, octetsOf(name, signal), limitOctets, signal);
}

/** What comes out of a pipe is gone after the first reading; a file that is not there is told by the reading itself. */
async function isReadAgain(file: string): Promise<boolean> {
  const stats = await stat(file).catch(() => null);
  return stats === null || stats.isFile() || stats.isDirectory();
}

async function kept(
  name: string,
  source: Readable,
  limitOctets: number,
  signal: AbortSignal | undefined,
): Promise<CsvInput> {
  const pieces: Buffer[] = [];
  let length = 0;
  const onAbort = () => source.destroy(signal?.reason as Error);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    for await (const piece of source as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > limitOctets)
        throw new CsvTooLongError(
          `${name} brings more than ${limitOctets} octets: save the list as a file and import that`,
        );
      pieces.push(piece);
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
  return {
    name,
    async *octets(again) {
      for (const piece of pieces) {
        again?.throwIfAborted();
        yield piece;
      }
    },
  };
}

function octetsOf(file: string, signal: AbortSignal | undefined): Readable {
  return createReadStream(file, { highWaterMark: CHUNK_OCTETS, ...(signal ? { signal } : {}) });
}
