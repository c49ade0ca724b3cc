/**
 * Chooses by the name that a client asks for (SNI, RFC 6066 §3): the very name first, then a wildcard for its parent, which covers one label
 * (RFC 9525 §6.3). Capitals and a final dot do not count; other than ASCII is written in A-labels on both sides.
 */
export class ServerNames<T> {
  readonly #byName = new Map<string, T>();

  /** A name given twice keeps what it was given first. */
  add(name: string, value: T): void {
    const key = normalName(name);
    if (!this.#byName.has(key)) this.#byName.set(key, value);
  }

  /** `undefined` where no name fits. */
  find(asked: string): T | undefined {
    const name = normalName(asked);
    const dot = name.indexOf(".");
    // A name may not ask for the wildcard itself.
    if (name.startsWith("*")) return undefined;
    return this.#byName.get(name) ?? (dot > 0 ? this.#byName.get(`*${name.slice(dot)}`) : undefined);
  }
}

function normalName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}
