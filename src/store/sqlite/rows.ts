import type { SQLOutputValue } from "node:sqlite";
import { InvariantError } from "../../kit/invariant.ts";

/** A row as node:sqlite gives it. */
export type Row = Record<string, SQLOutputValue>;

/** The column's text. @throws {InvariantError} when it holds something else */
export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw wrongType(column, "text");
  return value;
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

/** The column's number. @throws {InvariantError} when it holds something else */
export function number(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw wrongType(column, "a number");
  return value;
}

export function numberOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : number(row, column);
}

/** The column's octets. @throws {InvariantError} when it holds something else */
export function octets(row: Row, column: string): Buffer {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw wrongType(column, "octets");
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

export function octetsOrNull(row: Row, column: string): Buffer | null {
  return row[column] === null ? null : octets(row, column);
}

/** The column's text as one of the words it may hold. @throws {InvariantError} for any other */
export function word<T extends string>(row: Row, column: string, words: readonly T[]): T {
  const value = text(row, column);
  const known = words.find((one) => one === value);
  if (known === undefined) throw new InvariantError(`the column ${column} of the database holds "${value}"`);
  return known;
}

export function wordOrNull<T extends string>(row: Row, column: string, words: readonly T[]): T | null {
  return row[column] === null ? null : word(row, column, words);
}

function wrongType(column: string, wanted: string): InvariantError {
  return new InvariantError(`the column ${column} of the database does not hold ${wanted}`);
}
