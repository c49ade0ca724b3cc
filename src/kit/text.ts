/** A text from a remote server as it may stand in a log line or table: bounded, without control characters and without those that break a line or turn its direction. */
export function printable(text: string, limit = 200): string {
  const clean = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, "?");
  return clean.length > limit ? `${clean.slice(0, limit)}…` : clean;
}

/** How unlike two words are: the number of letters to insert, remove or replace (Levenshtein). For "did you mean". */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? a.length;
}
