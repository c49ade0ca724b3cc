import { CsvError } from "csv-parse";
import { parse } from "csv-parse/sync";

export type Delimiter = "," | ";" | "\t";

/** A line's fields, or why it has none. */
export type Fields = readonly string[] | { readonly problem: string };

/** The comma comes first, so that a list of bare addresses is one of commas. */
const DELIMITERS: readonly Delimiter[] = [",", ";", "\t"];
const SAMPLE_LINES = 50;

/**
 * What separates the fields: the delimiter by which most of the first lines have a field that `isTelling`, and of equals the one
 * that makes more fields.
 */
export function detectDelimiter(lines: readonly string[], isTelling: (field: string) => boolean): Delimiter {
  const sample = lines.slice(0, SAMPLE_LINES);
  const scored = DELIMITERS.map((delimiter) => {
    const rows = splitLines(sample, delimiter).flatMap((fields) => ("problem" in fields ? [] : [fields]));
    const telling = rows.filter((fields) => fields.some((field) => isTelling(field))).length;
    const fields = rows.reduce((sum, row) => sum + row.length, 0);
    return { delimiter, telling, fields };
  });
  scored.sort((a, b) => b.telling - a.telling || b.fields - a.fields);
  return scored[0]?.delimiter ?? ",";
}

/** The fields of each line (RFC 4180 quoting), trimmed. */
export function splitLines(lines: readonly string[], delimiter: Delimiter): Fields[] {
  // Without a quotation mark there is nothing to parse, and most lines have none: that makes a million a matter of seconds.
  const quoted = parseQuoted(
    lines.filter((line) => line.includes('"')),
    delimiter,
  ).values();
  return lines.map((line) =>
    line.includes('"') ? (quoted.next().value ?? []) : line.split(delimiter).map((field) => field.trim()),
  );
}

/**
 * The parser is given many lines at once, since starting it costs more than a line does; where they do not come out one record a line, a quotation
 * mark is wrong somewhere, and halves are tried until the bad line stands alone.
 */
function parseQuoted(lines: readonly string[], delimiter: Delimiter): Fields[] {
  if (lines.length === 0) return [];
  const outcome = tryParse(lines, delimiter);
  if (Array.isArray(outcome) && outcome.length === lines.length) return outcome;
  if (lines.length === 1) return [{ problem: problemOf(outcome) }];
  const middle = Math.ceil(lines.length / 2);
  return [...parseQuoted(lines.slice(0, middle), delimiter), ...parseQuoted(lines.slice(middle), delimiter)];
}

function tryParse(lines: readonly string[], delimiter: Delimiter): string[][] | CsvError {
  try {
    return parse(lines.join("\n"), {
      delimiter,
      record_delimiter: "\n",
      relax_column_count: true,
      trim: true,
    });
  } catch (error) {
    if (error instanceof CsvError) return error;
    throw error;
  }
}

function problemOf(outcome: string[][] | CsvError): string {
  if (outcome instanceof CsvError && outcome.code === "CSV_QUOTE_NOT_CLOSED")
    return "a quotation mark is not closed";
  return "a quotation mark stands where none may be; a field that has one must be quoted whole, with the inner one doubled";
}
