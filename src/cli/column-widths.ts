/** What stands between two columns. */
export const GAP = "  ";

/** A column is never made narrower than this to fit a terminal: the state `attention` can be read. */
const NARROWEST_COLUMN = 9;
/** The same for a column whose texts go on in the next line: less would be a word a line. */
const NARROWEST_WRAPPED = 12;
/** As long as other columns can give, such a column keeps this much. */
export const USUAL_WRAPPED = 24;

/**
 * The widths with which a row fits into `columns`, as far as that is possible. The widest gives way first, and the first column last: it names
 * the row.
 * @param natural the widths that the texts need
 * @param isWrapped whether the last column's texts may go on in the next line
 * @param firm columns that give nothing: a date that is cut says nothing
 */
export function columnWidths(
  natural: readonly number[],
  columns: number,
  isWrapped: boolean,
  firm: ReadonlySet<number> = new Set(),
): number[] {
  const last = natural.length - 1;
  const widths = natural.map((width, at) =>
    isWrapped && at === last ? Math.min(width, USUAL_WRAPPED) : width,
  );
  const available = columns - GAP.length * last;
  const others = widths
    .map((_, at) => at)
    .filter((at) => at > 0 && !firm.has(at) && !(isWrapped && at === last));
  narrow(widths, others, available, NARROWEST_COLUMN);
  if (isWrapped) narrow(widths, [last], available, NARROWEST_WRAPPED);
  narrow(widths, [0], available, NARROWEST_COLUMN);
  if (isWrapped) {
    const room = available - total(widths) + (widths[last] ?? 0);
    widths[last] = Math.max(widths[last] ?? 0, Math.min(natural[last] ?? 0, room));
  }
  return widths;
}

/** Characters of a row whose last column goes on in the next lines when all have given what they can, but those of `firm`. */
export function narrowestWidth(natural: readonly number[], firm: ReadonlySet<number>): number {
  const last = natural.length - 1;
  const least = (width: number, at: number) =>
    firm.has(at) ? width : Math.min(width, at === last ? NARROWEST_WRAPPED : NARROWEST_COLUMN);
  return total(natural.map(least)) + GAP.length * last;
}

/** Takes from the widest of these columns, one character at a time, until the row fits or none can give. */
function narrow(widths: number[], which: readonly number[], available: number, narrowest: number): void {
  for (let excess = total(widths) - available; excess > 0; excess -= 1) {
    const widest = which.reduce<number | null>(
      (best, at) => (best === null || (widths[at] ?? 0) > (widths[best] ?? 0) ? at : best),
      null,
    );
    if (widest === null || (widths[widest] ?? 0) <= narrowest) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, one) => sum + one, 0);
}
