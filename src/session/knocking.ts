import type { LiveSession } from "./registry.ts";

/** The sessions that have not logged in, by network, those of one in the order in which they came. */
export class Knocking {
  readonly #byNetwork = new Map<string, Set<LiveSession>>();
  #total = 0;

  /** Of all networks. */
  get total(): number {
    return this.#total;
  }

  from(network: string): number {
    return this.#byNetwork.get(network)?.size ?? 0;
  }

  add(network: string, session: LiveSession): void {
    const those = this.#byNetwork.get(network);
    if (those) those.add(session);
    else this.#byNetwork.set(network, new Set([session]));
    this.#total += 1;
  }

  /** It has logged in, or is over. Once more does no harm. */
  remove(network: string, session: LiveSession): void {
    const those = this.#byNetwork.get(network);
    if (!those?.delete(session)) return;
    if (those.size === 0) this.#byNetwork.delete(network);
    this.#total -= 1;
  }

  /**
   * Takes out who has waited longest of the network that most come from.
   * @returns `null` where no network has as many as `least`
   */
  takeOldestOfMost(least: number): LiveSession | null {
    let most: { readonly network: string; readonly those: ReadonlySet<LiveSession> } | null = null;
    for (const [network, those] of this.#byNetwork)
      if (those.size >= Math.max(least, (most?.those.size ?? 0) + 1)) most = { network, those };
    const [oldest] = most?.those ?? [];
    if (most === null || oldest === undefined) return null;
    this.remove(most.network, oldest);
    return oldest;
  }
}
