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

/** The UIDs of a set as a server says it, in its order: `4,7:9`. `null` where it is none, or more than `limit`. */
export function uidsOfSet(set: string, limit: number): number[] | null {
  const uids: number[] = [];
  for (const run of set.split(",")) {
    const ends = /^([1-9][0-9]{0,9})(?::([1-9][0-9]{0,9}))?$/.exec(run);
    if (ends === null) return null;
    const [from, to] = [Number(ends[1]), Number(ends[2] ?? ends[1])];
    const step = from <= to ? 1 : -1;
    if (uids.length + Math.abs(to - from) + 1 > limit) return null;
    for (let uid = from; uid !== to + step; uid += step) uids.push(uid);
  }
  return uids;
}

/**
 * Whether a UID is one that a set of ours asks for, `*` being the highest there may be: two commands that are under way at once are told apart by this.
 * `*` alone may be any message.
 */
export function uidSetFilter(set: string): (uid: number) => boolean {
  const ranges = set.split(",").map((run) => {
    const [from = "*", to = from] = run.split(":");
    const first = from === "*" ? 1 : Number(from);
    return { first, last: to === "*" ? Number.POSITIVE_INFINITY : Number(to) };
  });
  const [only] = ranges;
  if (ranges.length === 1 && only) return (uid) => uid >= only.first && uid <= only.last;
  return (uid) => ranges.some(({ first, last }) => uid >= first && uid <= last);
}

function runsOf(uids: readonly number[]): string[] {
  const runs: string[] = [];
  let first: number | undefined;
  uids.forEach((uid, at) => {
    first ??= uid;
    if (uids[at + 1] === uid + 1) return;
    runs.push(first === uid ? String(uid) : `${first}:${uid}`);
    first = undefined;
  });
  return runs;
}
