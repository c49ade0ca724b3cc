import type { StatementSync } from "node:sqlite";
import { Failure } from "../../model/failure.ts";

export const SQLITE_FULL = 13;
/** The file of memory that processes share has no room: so it is where a database is opened on a full disk. */
const SQLITE_IOERR_SHMSIZE = 4874;
/** SQLITE_IOERR_WRITE, _FSYNC, _DIR_FSYNC and _TRUNCATE: a disk quota and a dying disk look like this. */
const DISK_REFUSALS: ReadonlySet<number> = new Set([778, 1034, 1290, 1546]);

/** Why the disk under the database does not take what is to be written, and what to do; `null` where the error is about something else. */
export function unwritableWords(error: unknown, path: string): string | null {
  const code = (error as { readonly errcode?: unknown } | null)?.errcode;
  if (code === SQLITE_FULL || code === SQLITE_IOERR_SHMSIZE)
    return `the disk that holds the database ${path} is full: make room on it`;
  if (typeof code === "number" && DISK_REFUSALS.has(code))
    return `the disk that holds the database ${path} takes no more (${error instanceof Error ? error.message : code}): look at its free space, at quotas and at the kernel's log`;
  return null;
}

/** The error as a failure of the disk where it is one, else as it is. */
export function explained(error: unknown, path: string): unknown {
  const words = unwritableWords(error, path);
  return words === null
    ? error
    : new Failure(
        "store-unwritable",
        `${words}. What was being written has not happened: the service goes on by itself then, a command is to be given again`,
        { cause: error },
      );
}

/** The same statement, whose errors are `explained`. */
export function explaining(statement: StatementSync, path: string): StatementSync {
  for (const name of ["run", "get", "all"] as const) {
    const method = statement[name].bind(statement) as (...values: never[]) => unknown;
    const value = (...values: never[]) => {
      try {
        return method(...values);
      } catch (error) {
        throw explained(error, path);
      }
    };
    Object.defineProperty(statement, name, { value });
  }
  return statement;
}

/** Whether the disk has not taken what was to be written. */
export function isUnwritable(error: unknown): boolean {
  return error instanceof Failure && error.kind === "store-unwritable";
}
