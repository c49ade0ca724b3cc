import type { FailureCount, RefusedPassword } from "../store.ts";
import type { Database } from "./database.ts";

/** Of each kind that are kept, the latest: some MB, and more than a full disk's attackers bring about in the time of a window. */
const KEPT = 10_000;

/**
 * What failed logins leave behind while the disk is full: in the memory of this process, for as long as each of it would count. Whoever guesses must not be free to do so
 * because nothing can be written.
 */
export class UnwrittenFailures {
  readonly #counts = new Map<string, { failures: number; readonly until: number }>();
  readonly #refused = new Map<string, RefusedPassword>();

  /** Failures of a key that stand in no store. */
  failures(key: string, now = Date.now()): number {
    const count = this.#counts.get(key);
    return count !== undefined && count.until > now ? count.failures : 0;
  }

  /** Counts one; the window of a key begins with its first. */
  count(key: string, windowMs: number, now = Date.now()): void {
    const failures = this.failures(key, now);
    const until = failures === 0 ? now + windowMs : (this.#counts.get(key)?.until ?? now + windowMs);
    keep(this.#counts, key, { failures: failures + 1, until });
  }

  /** All that counts still. */
  counts(now = Date.now()): FailureCount[] {
    return [...this.#counts]
      .filter(([, { until }]) => until > now)
      .map(([key, { failures, until }]) => ({ key, failures, until }));
  }

  /** Drops the counts whose key `isMeant`. Returns how many. */
  forget(isMeant: (key: string) => boolean = () => true): number {
    const keys = [...this.#counts.keys()].filter((key) => isMeant(key));
    for (const key of keys) this.#counts.delete(key);
    return keys.length;
  }

  get hasCounts(): boolean {
    return this.#counts.size > 0;
  }

  refused(name: string, digest: Buffer, now: number): RefusedPassword | undefined {
    const known = this.#refused.get(wordOf(name, digest));
    return known !== undefined && known.keptUntil > now ? known : undefined;
  }

  noteRefused(refused: RefusedPassword): void {
    keep(this.#refused, wordOf(refused.name, refused.digest), refused);
  }

  /** It stands in the file now. */
  dropRefused(name: string, digest: Buffer): void {
    this.#refused.delete(wordOf(name, digest));
  }

  /** What was refused to this name may be asked about again. */
  askAgain(name: string): void {
    for (const [word, refused] of this.#refused)
      if (refused.name === name) this.#refused.set(word, { ...refused, againAt: 0 });
  }
}

/** Adds what was counted in memory to what stands in the file, all or nothing; the windows end when they would have. */
export function writeCounts(database: Database, counts: readonly FailureCount[], now = Date.now()): void {
  const add = database.prepare(
    `INSERT INTO login_failure (key, points, expire) VALUES ($key, $failures, $until)
     ON CONFLICT DO UPDATE SET
       points = CASE WHEN expire > $now THEN points + excluded.points ELSE excluded.points END,
       expire = CASE WHEN expire > $now THEN expire ELSE excluded.expire END`,
  );
  database.transaction(() => {
    for (const { key, failures, until } of counts) add.run({ key, failures, until, now });
  });
}

/** The oldest above the bound goes. */
function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  const [oldest] = map.keys();
  if (oldest !== undefined && map.size >= KEPT) map.delete(oldest);
  map.set(key, value);
}

function wordOf(name: string, digest: Buffer): string {
  return `${digest.toString("latin1")} ${name}`;
}
