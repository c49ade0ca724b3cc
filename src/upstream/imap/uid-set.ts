/** UIDs as one sequence set with runs: `1:3,7`. The UIDs must be ascending and without repetition. */
export function uidSetOf(uids: readonly number[]): string {
  return runsOf(uids).join(",");
}

/** As `uidSetOf`, in as many sets as it takes to keep each within `limit` octets. */
export function uidSetsOf(uids: readonly number[], limit: number): string[] {
  const sets: string[] = [];
  for (const run of runsOf(uids)) {
    const last = sets.at(-1);
    if (last === undefined || last.length + 1 + run.length > limit) sets.push(run);
    else sets[sets.length - 1] = `${last},${run}`;
  }
  return sets;
}

function runsOf(uids: readonly number[]): string[] {
  const runs: string[] = [];
  let first: number | undefined;
  for (const [i, uid] of uids.entries()) {
    first ??= uid;
    if (uids[i + 1] === uid + 1) continue;
    runs.push(first === uid ? String(uid) : `${first}:${uid}`);
    first = undefined;
  }
  return runs;
}
