/** Who is logged in, over all processes: an account, and in how many sessions. */
export type Present = readonly [account: string, sessions: number];

/** Counts sessions by process and account, so that those of a process that died can be counted off again. */
export class Presence<Process> {
  readonly #byProcess = new Map<Process, Map<string, number>>();

  opened(process: Process, account: string): void {
    const counts = this.#byProcess.get(process) ?? new Map<string, number>();
    this.#byProcess.set(process, counts);
    counts.set(account, (counts.get(account) ?? 0) + 1);
  }

  /** @returns whether such a session was known */
  closed(process: Process, account: string): boolean {
    const counts = this.#byProcess.get(process);
    const count = counts?.get(account);
    if (counts === undefined || count === undefined) return false;
    if (count === 1) counts.delete(account);
    else counts.set(account, count - 1);
    return true;
  }

  /** Forgets a process. @returns what it had open */
  gone(process: Process): Present[] {
    const counts = [...(this.#byProcess.get(process) ?? [])];
    this.#byProcess.delete(process);
    return counts;
  }

  /** All sessions by account. */
  all(): Present[] {
    const sums = new Map<string, number>();
    for (const counts of this.#byProcess.values())
      for (const [account, count] of counts) sums.set(account, (sums.get(account) ?? 0) + count);
    return [...sums];
  }
}
