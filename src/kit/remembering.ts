/** Keys longer than this are worked out each time: what is kept must not grow with what a server says. */
const LONGEST_KEY = 4_096;

/** A function of a text that remembers what it made of the texts that it was given last: for what each login would work out anew, and nearly always the same. */
export class Remembering<T> {
  readonly #make: (text: string) => T;
  readonly #limit: number;
  readonly #made = new Map<string, T>();

  /** @param make pure; what it gives is shared by all who ask @param limit most results kept */
  constructor(make: (text: string) => T, limit: number) {
    this.#make = make;
    this.#limit = limit;
  }

  of(text: string): T {
    const known = this.#made.get(text);
    if (known !== undefined) return known;
    const made = this.#make(text);
    if (text.length > LONGEST_KEY) return made;
    if (this.#made.size >= this.#limit) this.#made.clear();
    this.#made.set(text, made);
    return made;
  }
}
