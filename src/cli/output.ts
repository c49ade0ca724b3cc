import { styleText } from "node:util";
import { printable } from "../kit/text.ts";
import { columnWidths, GAP, narrowestWidth, USUAL_WRAPPED } from "./column-widths.ts";
import { cutToWidth, textWidth, wrapToWidth } from "./text-width.ts";

export type Colour = "green" | "yellow" | "red" | "cyan" | "gray" | "bold";

/** One field of a table: a number stands to the right, `null` shows as a dash. */
export type Cell = string | number | null | { readonly text: string; readonly colour: Colour };

/** What the output writes to. `columns` and `lines` only count on a terminal. */
export interface OutputStreams {
  /** `write` gives false while the reader lags behind, until `drain`. */
  readonly stdout: { write(text: string): unknown; once?(event: "drain", listener: () => void): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly isTty: boolean;
  readonly columns: number;
  readonly lines?: number;
  readonly colours: boolean;
}

/** Of a terminal that does not say how large it is, or says 0, as those without a window do. */
const USUAL_COLUMNS = 80;
const USUAL_LINES = 24;

/** Where a command's result goes: text for people or JSON for programs on standard output, remarks on standard error. */
export class Output {
  readonly isTty: boolean;
  readonly #streams: OutputStreams;
  #isFull = false;

  constructor(streams: OutputStreams) {
    this.#streams = streams;
    this.isTty = streams.isTty;
  }

  /** Characters that a line of the terminal has now. */
  get columns(): number {
    return this.#streams.columns || USUAL_COLUMNS;
  }

  /** Lines that the terminal has now. */
  get lines(): number {
    return this.#streams.lines || USUAL_LINES;
  }

  /** Text as it is, without a line end: for displays that move the cursor. */
  write(text: string): void {
    this.#isFull = this.#streams.stdout.write(text) === false;
  }

  line(text = ""): void {
    this.write(`${text}\n`);
  }

  /** Waits while the reader lags behind: to be called between the parts of a result that is too long for memory. */
  async drained(): Promise<void> {
    const { stdout } = this.#streams;
    if (this.#isFull && stdout.once) await new Promise<void>((resolve) => stdout.once?.("drain", resolve));
    this.#isFull = false;
  }

  /** One JSON document; two spaces of indentation on a terminal, one line otherwise. */
  json(value: unknown): void {
    this.line(this.isTty ? JSON.stringify(value, null, 2) : JSON.stringify(value));
  }

  /** A remark, on standard error. */
  note(text: string): void {
    this.#streams.stderr.write(`${text}\n`);
  }

  /** The text in a colour where the output is a terminal that wants colours, else as it is. */
  colour(colour: Colour, text: string): string {
    return this.#streams.colours ? styleText(colour, text, { validateStream: false }) : text;
  }

  /**
   * Rows under headers, aligned; on a terminal the columns give way so that a row fits, and a text at its end goes on below.
   * @param dispensable headers of columns that are left out, the first one first, where a terminal is too narrow for all
   * @param firm headers of columns that are never cut; with them, what is dispensable goes only where cutting the others is not enough
   */
  table(
    headers: readonly string[],
    rows: readonly (readonly Cell[])[],
    dispensable: readonly string[] = [],
    firm: readonly string[] = [],
  ): void {
    const [least, ...others] = dispensable;
    if (least === undefined || !this.isTty || this.#isWideEnough(headers, rows, firm))
      this.#layOut(headers, rows, firm);
    else {
      const isKept = (_: unknown, at: number) => headers[at] !== least;
      this.table(
        headers.filter(isKept),
        rows.map((row) => row.filter(isKept)),
        others,
        firm,
      );
    }
  }

  #isWideEnough(
    headers: readonly string[],
    rows: readonly (readonly Cell[])[],
    firm: readonly string[],
  ): boolean {
    if (firm.length === 0) return rowWidth(headers, rows) <= this.columns;
    const natural = naturalWidths(
      headers,
      rows.map((row) => row.map(cellText)),
    );
    // The first column names the row: it is not to be cut either.
    const kept = new Set([0, ...headers.flatMap((header, at) => (firm.includes(header) ? [at] : []))]);
    return narrowestWidth(natural, kept) <= this.columns;
  }

  #layOut(headers: readonly string[], rows: readonly (readonly Cell[])[], firm: readonly string[]): void {
    const texts = rows.map((row) => headers.map((_, at) => cellText(row[at] ?? null)));
    const natural = naturalWidths(headers, texts);
    const rightward = headers.map((_, at) => rows.some((row) => typeof row[at] === "number"));
    const last = headers.length - 1;
    const isWrapped = this.isTty && rightward[last] === false;
    const fixed = new Set(headers.flatMap((header, at) => (firm.includes(header) ? [at] : [])));
    const widths = this.isTty ? columnWidths(natural, this.columns, isWrapped, fixed) : natural;
    const layOut = (fields: readonly string[], paint: (text: string, at: number) => string) =>
      fields
        .map((field, at) => {
          const text = cutToWidth(field, widths[at] ?? 0);
          const padding = " ".repeat(Math.max(0, (widths[at] ?? 0) - textWidth(text)));
          return rightward[at] ? padding + paint(text, at) : paint(text, at) + padding;
        })
        .join(GAP)
        .trimEnd();
    this.line(layOut(headers, (text) => this.colour("bold", text)));
    for (const [index, row] of texts.entries()) {
      const paint = (text: string, at: number) => this.#painted(rows[index]?.[at] ?? null, text);
      const [first = "", ...more] = isWrapped
        ? wrapToWidth(row[last] ?? "", widths[last] ?? 0)
        : [row[last] ?? ""];
      this.line(layOut([...row.slice(0, last), first], paint));
      for (const text of more) this.line(layOut([...row.slice(0, last).map(() => ""), text], paint));
    }
  }

  #painted(cell: Cell, text: string): string {
    const colour = typeof cell === "object" && cell !== null && text !== "" ? cell.colour : null;
    return colour === null ? text : this.colour(colour, text);
  }
}

/** Ends a command with an exit status: 1 = the thing asked for failed, 2 = wrong usage or configuration. */
export class CliError extends Error {
  override readonly name = "CliError";
  /** Stable word for programs, such as `not_found`. */
  readonly code: string;
  /** What to do about it, where that is not obvious. */
  readonly hint: string | null;
  readonly exitStatus: 1 | 2;
  /** Whether the command has printed its result already, so that no error document may follow it. */
  readonly printed: boolean;

  constructor(code: string, message: string, options: CliErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? null;
    this.exitStatus = options.exitStatus ?? 1;
    this.printed = options.printed ?? false;
  }
}

interface CliErrorOptions {
  readonly hint?: string | null;
  readonly exitStatus?: 1 | 2;
  readonly printed?: boolean;
  readonly cause?: unknown;
}

/** The widths that all texts of a column need. */
function naturalWidths(headers: readonly string[], texts: readonly (readonly string[])[]): number[] {
  return headers.map((header, at) =>
    texts.reduce((widest, row) => Math.max(widest, textWidth(row[at] ?? "")), textWidth(header)),
  );
}

/** Characters of a line that shows everything. */
function rowWidth(headers: readonly string[], rows: readonly (readonly Cell[])[]): number {
  const texts = rows.map((row) => row.map(cellText));
  const widths = naturalWidths(headers, texts);
  const last = widths.pop() ?? 0;
  // What stands last goes on in the next lines.
  return [...widths, Math.min(last, USUAL_WRAPPED)].reduce(
    (sum, width) => sum + GAP.length + width,
    -GAP.length,
  );
}

/** Texts may come from a remote server or an import, so control characters do not reach the terminal. */
function cellText(cell: Cell): string {
  if (cell === null) return "–";
  if (typeof cell === "number") return String(cell);
  return printable(typeof cell === "string" ? cell : cell.text, 1000);
}
