import type { Breaker } from "../model/breaker.ts";
import { type Endpoint, sourceName } from "../model/endpoint.ts";
import type { CopyDeps } from "./deps.ts";
import { waitingMessage } from "./governor/waits.ts";
import { TURNS_A_CONNECTION } from "./limits.ts";

interface Shut {
  readonly breaker: Breaker & { readonly state: "open" | "probing" };
  readonly message: string;
}

/** Whom the worker takes next: how many turns each source has in this process, and which sources let nobody in. */
export class SourceLines {
  readonly #deps: CopyDeps;
  readonly #turns = new Map<string, number>();
  /** Sources that let nobody in, with what their accounts have been told. */
  #shut = new Map<string, Shut>();

  constructor(deps: CopyDeps) {
    this.#deps = deps;
  }

  /** Counts a turn; what it returns ends it. */
  enter(source: Endpoint | null): () => void {
    const name = source === null ? "" : sourceName(source);
    this.#turns.set(name, (this.#turns.get(name) ?? 0) + 1);
    return () => {
      const left = (this.#turns.get(name) ?? 1) - 1;
      if (left === 0) this.#turns.delete(name);
      else this.#turns.set(name, left);
    };
  }

  /** Reads which sources let nobody in, and tells their accounts. */
  async look(): Promise<void> {
    const shut = new Map<string, Shut>();
    for (const [source, { breaker }] of await this.#deps.governor.standings())
      if (breaker.state !== "closed")
        shut.set(source, { breaker, message: waitingMessage(breaker.retryAt, breaker.words) });
    const before = this.#shut;
    this.#shut = shut;
    if (shut.size === 0 && before.size === 0) return;
    for (const { name, source } of await this.#deps.store.domains.list()) {
      const host = sourceName(source);
      const message = shut.get(host)?.message ?? null;
      if (message !== (before.get(host)?.message ?? null))
        await this.#deps.store.accounts.sourceWaits(name, message);
    }
  }

  /** Domains whose accounts would only wait: their source has enough turns, or lets nobody in. */
  async domainsWithoutRoom(): Promise<string[]> {
    if (this.#shut.size === 0 && this.#turns.size === 0) return [];
    const domains = await this.#deps.store.domains.list();
    return domains.filter(({ source }) => !this.#hasRoom(source)).map(({ name }) => name);
  }

  #hasRoom(source: Endpoint): boolean {
    const turns = this.#turns.get(sourceName(source)) ?? 0;
    const shut = this.#shut.get(sourceName(source));
    // One turn finds out whether it lets us in again.
    if (shut !== undefined) return turns === 0 && shut.breaker.retryAt <= this.#deps.clock.now();
    return turns < this.#deps.governor.limit(source) * TURNS_A_CONNECTION;
  }
}
