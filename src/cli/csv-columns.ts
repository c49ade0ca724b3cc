import type { NewAccount } from "../model/account.ts";
import { AddressError, domainOf, parseAddress } from "../model/address.ts";

/** The columns that an import knows (contract §4). */
export const COLUMNS = ["address", "source_login", "password", "name", "quota"] as const;
export type Column = (typeof COLUMNS)[number];

/** Which field is what: positions by column. */
export interface Layout {
  readonly positions: Readonly<Partial<Record<Column, number>>>;
  /** Number of fields of the header; null where the file has none. */
  readonly width: number | null;
  /** Header names that are not known and so are not read. */
  readonly unknown: readonly string[];
  /** A known column that is there more than once. */
  readonly twice: Column | null;
}

/** The first field is the address, and nothing else is read: a guess might take a password for a name. */
export const NO_HEADER: Layout = { positions: { address: 0 }, width: null, unknown: [], twice: null };

/** A field over this is no name or login, and would not fit where it goes. */
const FIELD_LIMIT = 255;
const QUOTA = /^(?<number>\d{1,15})\s*(?<unit>[KMGT]?)(?:i?B)?$/i;
const QUOTA_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
};

/** Whether a field shows by itself what the file is: an address, or the name of a column. */
export function isTelling(field: string): boolean {
  return /^[^\s,;"]+@[^\s,;"@]+$/.test(field) || columnOf(field) !== undefined;
}

/** The layout that the line gives as a header, or null when it is no header. */
export function layoutOf(fields: readonly string[]): Layout | null {
  if (fields.some((field) => field.includes("@")) || !fields.some((field) => columnOf(field) !== undefined))
    return null;
  const positions: Partial<Record<Column, number>> = {};
  const unknown: string[] = [];
  let twice: Column | null = null;
  for (const [at, field] of fields.entries()) {
    const column = columnOf(field);
    if (column === undefined) {
      if (field !== "") unknown.push(field);
    } else if (positions[column] === undefined) positions[column] = at;
    else twice = column;
  }
  return { positions, width: fields.length, unknown, twice };
}

/** The account of a line, or the reason why it has none. Anything that an import says beside an address is checked here. */
export function accountOf(
  fields: readonly string[],
  layout: Layout,
  domain: string,
): NewAccount | { readonly problem: string } {
  const { width } = layout;
  if (width !== null && fields.slice(width).some((field) => field !== ""))
    return {
      problem: `the line has ${fields.length} fields, the header ${width}; a field with the separator in it must be quoted`,
    };
  const field = (column: Column) => fields[layout.positions[column] ?? -1] ?? "";
  try {
    const address = parseAddress(field("address"));
    if (domainOf(address) !== domain)
      return { problem: `it belongs to ${domainOf(address)}, not to ${domain}` };
    const sourceLogin = plainText(field("source_login"));
    const name = plainText(field("name"));
    const quota = quotaOf(field("quota"));
    if (sourceLogin === undefined)
      return { problem: "its source_login is too long or has a control character" };
    if (name === undefined) return { problem: "its name is too long or has a control character" };
    if (quota === undefined)
      return { problem: "its quota is not a number of octets, such as 5368709120 or 5G" };
    return { address, domain, sourceLogin, name, quota };
  } catch (error) {
    if (error instanceof AddressError) return { problem: error.message };
    throw error;
  }
}

function columnOf(field: string): Column | undefined {
  const name = field.toLowerCase().replace(/[\s-]+/g, "_");
  return COLUMNS.find((column) => column === name);
}

/** The field, null where it is empty, undefined where it cannot be what it should. */
function plainText(field: string): string | null | undefined {
  if (field === "") return null;
  return field.length > FIELD_LIMIT || /\p{Cc}/u.test(field) ? undefined : field;
}

function quotaOf(field: string): number | null | undefined {
  if (field === "") return null;
  const { number, unit } = QUOTA.exec(field)?.groups ?? {};
  const octets = Number(number) * (QUOTA_UNITS[(unit ?? "").toUpperCase()] ?? 1);
  return Number.isSafeInteger(octets) ? octets : undefined;
}
