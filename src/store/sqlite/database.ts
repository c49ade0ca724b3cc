import { accessSync, chmodSync, closeSync, constants, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { isDenied, ownUser } from "../../kit/own-user.ts";
import { MIGRATIONS } from "./migrations.ts";
import { explained, explaining, SQLITE_FULL, unwritableWords } from "./unwritable.ts";

/** How long a statement waits for another process's transaction. The longest one is a batch of an import. */
const BUSY_LIMIT_MS = 15_000;
/** "imba": tells our files from other programs' (PRAGMA application_id). */
const APPLICATION_ID = 0x696d6261;
const SQLITE_BUSY = 5;

/**
 * An open SQLite file (or `:memory:`) with the present schema. Everything is synchronous; several processes may hold the same file. What its disk has no room for
 * throws a {Failure} `store-unwritable`: nothing of it has happened, and the database can be read on.
 */
export interface Database {
  /** The statement of this text, prepared at its first use and kept. */
  prepare(sql: string): StatementSync;
  /** Runs `work` in one write transaction (BEGIN IMMEDIATE): all of it happens or, when it throws, nothing. Not to be nested. */
  transaction<T>(work: () => T): T;
  /** Writes the log back and rebuilds the file without its free pages: what was deleted is in neither. @throws {DatabaseError} */
  compact(): void;
  /** Closing twice is fine. */
  close(): void;
}

/** The database file cannot be used; the message says which, why, and what to do. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
}

export interface DatabaseOptions {
  /** Nothing is made, brought up to date or written: for a look at a file that another version may own. */
  readonly readOnly?: boolean;
}

/**
 * Opens the file, creating it (0600, its folder 0700) and bringing its schema up to date where needed.
 * @throws {DatabaseError} when it cannot be opened, is not ours, or was made by a newer version of imbarco; with `readOnly` also
 * when it is of an older one
 */
export function openDatabase(path: string, { readOnly = false }: DatabaseOptions = {}): Database {
  try {
    if (path !== ":memory:" && !readOnly) makePrivate(path);
    const raw = new DatabaseSync(path, {
      timeout: BUSY_LIMIT_MS,
      enableForeignKeyConstraints: true,
      readOnly,
    });
    try {
      if (readOnly) refuseOtherSchema(raw, path);
      else prepareSchema(raw, path);
    } catch (error) {
      raw.close();
      throw error;
    }
    return wrap(raw, path);
  } catch (error) {
    if (error instanceof DatabaseError) throw error;
    const words = whyUnwritable(error, path);
    if (words !== null) throw new DatabaseError(`${words}, and start again`, { cause: error });
    if (isDenied(error) || isOutOfReach(path))
      throw new DatabaseError(
        `the database ${path} may not be opened by the user ${ownUser()}; run imbarco as the user that the file belongs to, or give the file and its folder to this one (chown)`,
        { cause: error },
      );
    throw new DatabaseError(
      `the database ${path} cannot be opened: ${messageOf(error)}; see that the file and its folder belong to the user that runs imbarco; a damaged file must come back from a backup`,
      { cause: error },
    );
  }
}

/** SQLite gives its -wal and -shm files the mode of the database, so that has to be right before it is opened. */
function makePrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
}

function prepareSchema(raw: DatabaseSync, path: string): void {
  setWal(raw);
  raw.exec("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;");
  if (pragma(raw, "user_version") !== MIGRATIONS.length || pragma(raw, "application_id") !== APPLICATION_ID)
    inTransaction(raw, () => migrate(raw, path));
}

/** Two processes that turn a new file to WAL at once get SQLITE_BUSY without any waiting, so the waiting is done here. */
function setWal(raw: DatabaseSync): void {
  for (const deadline = Date.now() + BUSY_LIMIT_MS; ; ) {
    try {
      raw.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== SQLITE_BUSY || Date.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

function refuseOtherSchema(raw: DatabaseSync, path: string): void {
  refuseForeign(raw, path);
  if (pragma(raw, "user_version") !== MIGRATIONS.length)
    throw new DatabaseError(
      `the database ${path} is of an older imbarco; the next start brings it up to date`,
    );
}

function migrate(raw: DatabaseSync, path: string): void {
  const isNew = raw.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"] === 0;
  if (!isNew) refuseForeign(raw, path);
  for (const step of MIGRATIONS.slice(pragma(raw, "user_version"))) raw.exec(step);
  raw.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length};`);
}

/** Of another program, or of an imbarco that knows more. */
function refuseForeign(raw: DatabaseSync, path: string): void {
  const version = pragma(raw, "user_version");
  if (pragma(raw, "application_id") !== APPLICATION_ID)
    throw new DatabaseError(
      `${path} is a database of another program; name another file in store.path or dataDir`,
    );
  if (version > MIGRATIONS.length)
    throw new DatabaseError(
      `the database ${path} has version ${version}, this imbarco knows up to ${MIGRATIONS.length}; run the newer imbarco that wrote it`,
    );
}

function wrap(raw: DatabaseSync, path: string): Database {
  const statements = new Map<string, StatementSync>();
  return {
    prepare(sql) {
      let statement = statements.get(sql);
      if (statement === undefined) {
        statement = explaining(raw.prepare(sql), path);
        statements.set(sql, statement);
      }
      return statement;
    },
    transaction: (work) => {
      try {
        return inTransaction(raw, work);
      } catch (error) {
        throw explained(error, path);
      }
    },
    compact: () => {
      try {
        compact(raw, path);
      } catch (error) {
        throw explained(error, path);
      }
    },
    close() {
      if (raw.isOpen) raw.close();
    },
  };
}

function inTransaction<T>(raw: DatabaseSync, work: () => T): T {
  raw.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    raw.exec("COMMIT");
    return result;
  } catch (error) {
    // Some errors (a full disk) have ended the transaction already.
    if (raw.isTransaction) raw.exec("ROLLBACK");
    throw error;
  }
}

function compact(raw: DatabaseSync, path: string): void {
  raw.exec("VACUUM");
  // The rebuilt pages go through the log: only when it is written back and cut off is the old text gone from both files.
  const busy = raw.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.["busy"];
  if (busy !== 0)
    throw new DatabaseError(
      `the log of ${path} could not be written back because another process kept reading; what was deleted may still be in it: try again`,
    );
}

function pragma(raw: DatabaseSync, name: "user_version" | "application_id"): number {
  return Number(raw.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/** The folder and the empty file are made before SQLite sees them. */
function whyUnwritable(error: unknown, path: string): string | null {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT"
    ? unwritableWords({ errcode: SQLITE_FULL }, path)
    : unwritableWords(error, path);
}

/** SQLite says of a file that it may not read only that it cannot be opened. */
function isOutOfReach(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return false;
  } catch (error) {
    return isDenied(error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
