import { createHmac, randomBytes } from "node:crypto";

/** How many answers are kept of a domain, and of all together. */
const KEPT = 64;

/** Of those of one course, the latest are drawn from: a server that gets quicker or slower must not be told from its shadow. */
const DRAWN_FROM = 16;

/** No two answers of a real server take quite the same time. A share of it, either way. */
const SPREAD = 0.04;

/** How many servers a wrong password passes: the source alone before the first login, later the target too. */
export type Course = "one server" | "several servers";

interface Answer {
  readonly course: Course;
  readonly ms: number;
  /** Of `performance.now()`. */
  readonly at: number;
}

/** What is kept; a time outside says more of a bad moment than of how long answers take. Milliseconds. */
export interface AnswerBounds {
  readonly shortestMs: number;
  readonly longestMs: number;
  /** Older answers do not count. */
  readonly oldestMs: number;
}

/**
 * How long accounts wait for their answer, so that a name nobody has waits as long: who measures must not learn which accounts exist.
 * Each domain has times of its own, since its source is quick or slow in its own way. A name always keeps to one course, as an account
 * does: one that wavered between the two would give itself away. Within its course the times vary as the real ones do.
 */
export class AnswerTimes {
  readonly #bounds: AnswerBounds;
  readonly #key = randomBytes(32);
  /** By domain, only of such as there are; under `null` those of all domains. */
  readonly #recent = new Map<string | null, Answer[]>();

  constructor(bounds: AnswerBounds) {
    this.#bounds = bounds;
  }

  /** Notes how long an account in `domain` has waited for its answer. */
  note(domain: string, course: Course, tookMs: number): void {
    const ms = Math.min(this.#bounds.longestMs, Math.max(this.#bounds.shortestMs, tookMs));
    for (const place of [domain, null]) {
      const answers = this.#recent.get(place) ?? [];
      this.#recent.set(place, answers);
      answers.push({ course, ms, at: performance.now() });
      if (answers.length > KEPT) answers.shift();
    }
  }

  /** Milliseconds that the answer to this name is to take; `domain` is `null` where there is no such domain. `undefined` = nobody knows. */
  draw(domain: string | null, name: string): number | undefined {
    const known = this.#known(domain) ?? this.#known(null) ?? [];
    const one = known.filter(({ course }) => course === "one server");
    const place = createHmac("sha256", this.#key).update(name).digest().readUInt32BE(0) / 2 ** 32;
    const course =
      place * known.length < one.length ? one : known.filter(({ course }) => course !== "one server");
    const alike = course.slice(-DRAWN_FROM);
    const drawn = alike[Math.floor(Math.random() * alike.length)];
    return drawn && drawn.ms * (1 + SPREAD * (2 * Math.random() - 1));
  }

  #known(domain: string | null): Answer[] | undefined {
    const since = performance.now() - this.#bounds.oldestMs;
    const answers = this.#recent.get(domain)?.filter(({ at }) => at >= since);
    return answers?.length ? answers : undefined;
  }
}
