/** UIDs as a sequence set with runs: `1:3,7`. The UIDs must be ascending and without repetition. */
export function uidSetOf(uids: readonly number[]): string {
  const runs: string[] = [];
  for (let i = 0; i < uids.length; ) {
    const first = uids[i] as number;
    let last = first;
    while (uids[i + 1] === last + 1) {
      last += 1;
      i += 1;
    }
    runs.push(first === last ? String(first) : `${first}:${last}`);
    i += 1;
  }
  return runs.join(",");
}
